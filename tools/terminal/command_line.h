// The arguments of one command: options, positionals, and a help text made from them.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace upcycle {

// Thrown by CommandLine::Parse after it printed the help that was asked for.
struct HelpShown {};

class CommandLine {
 public:
  // `usage` is what follows the program's name: "run RECIPE [options]".
  CommandLine(std::string usage, std::string summary);
  ~CommandLine();

  // Each binds a variable, which keeps its value where the option is not given.
  void Positional(const char* name, std::string* value, const char* help);
  void OptionalPositional(const char* name, std::string* value, const char* help);
  // All that follow; the last to be declared.
  void Positionals(const char* name, std::vector<std::string>* values, const char* help);
  void Option(const char* names, std::string* value, const char* help);
  void Option(const char* names, int* value, const char* help);
  void Option(const char* names, std::vector<std::string>* values, const char* help);  // repeatable
  void Flag(const char* names, bool* value, const char* help);

  // Throws Error(kInput) for anything that was not declared or is missing, with the usage.
  void Parse(const std::vector<std::string>& arguments);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace upcycle
