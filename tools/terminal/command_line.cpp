#include "tools/terminal/command_line.h"

#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/spelling.h"

namespace upcycle {

namespace po = boost::program_options;

struct CommandLine::Parts {
  struct Positional {
    std::string name;
    std::string help;
  };
  std::string usage;
  std::string summary;
  po::options_description options{"Options"};
  po::options_description positionals;
  po::positional_options_description order;
  std::vector<Positional> named;

  void PrintHelp() const {
    fmt::print("usage: upcycle {}\n\n{}\n\n", usage, summary);
    for (const Positional& positional : named) {
      fmt::print("  {:<20} {}\n", positional.name, positional.help);
    }
    if (!named.empty()) fmt::print("\n");
    std::ostringstream text;
    text << options;
    fmt::print("{}", text.str());
  }

  // A positional is no option to whoever types it, as it is to the library.
  std::string Mistake(const po::error& error) const {
    if (const auto* missing = dynamic_cast<const po::required_option*>(&error)) {
      return fmt::format("the {} is missing", missing->get_option_name().substr(2));
    }
    if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
      const std::string option = unknown->get_option_name();
      return fmt::format("there is no option {}{}", option, DidYouMean(option, OptionNames()));
    }
    if (dynamic_cast<const po::too_many_positional_options_error*>(&error) != nullptr) {
      std::vector<std::string> names;
      for (const Positional& positional : named) names.push_back(positional.name);
      return fmt::format("there are too many words: beside options it takes {}",
                         names.empty() ? "none" : fmt::format("{}", fmt::join(names, " and ")));
    }
    return error.what();
  }

 private:
  std::vector<std::string> OptionNames() const {
    std::vector<std::string> names;
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    return names;
  }
};

CommandLine::CommandLine(std::string usage, std::string summary)
    : parts_(std::make_unique<Parts>()) {
  parts_->usage = std::move(usage);
  parts_->summary = std::move(summary);
  parts_->options.add_options()("help,h", "show this and stop");
}

CommandLine::~CommandLine() = default;

void CommandLine::Positional(const char* name, std::string* value, const char* help) {
  parts_->positionals.add_options()(name, po::value<std::string>(value)->required(), help);
  parts_->order.add(name, 1);
  parts_->named.push_back({name, help});
}

void CommandLine::OptionalPositional(const char* name, std::string* value, const char* help) {
  parts_->positionals.add_options()(name, po::value<std::string>(value), help);
  parts_->order.add(name, 1);
  parts_->named.push_back({name, help});
}

void CommandLine::Positionals(const char* name, std::vector<std::string>* values,
                              const char* help) {
  parts_->positionals.add_options()(name, po::value<std::vector<std::string>>(values), help);
  parts_->order.add(name, -1);
  parts_->named.push_back({name, help});
}

void CommandLine::Option(const char* names, std::string* value, const char* help) {
  parts_->options.add_options()(names, po::value<std::string>(value)->default_value(*value), help);
}

void CommandLine::Option(const char* names, int* value, const char* help) {
  parts_->options.add_options()(names, po::value<int>(value)->default_value(*value), help);
}

void CommandLine::Option(const char* names, std::vector<std::string>* values, const char* help) {
  parts_->options.add_options()(names, po::value<std::vector<std::string>>(values)->composing(),
                                help);
}

void CommandLine::Flag(const char* names, bool* value, const char* help) {
  parts_->options.add_options()(names, po::bool_switch(value), help);
}

void CommandLine::Parse(const std::vector<std::string>& arguments) {
  try {
    po::options_description all;
    all.add(parts_->options).add(parts_->positionals);
    po::variables_map values;
    // No guessing: `--job` is a mistake, not a short form of `--jobs`.
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(parts_->order)
                  .style(style)
                  .run(),
              values);
    if (values.contains("help")) {
      parts_->PrintHelp();
      throw HelpShown();
    }
    po::notify(values);
  } catch (const po::error& error) {
    throw Error(Cause::kInput, fmt::format("{}\nusage: upcycle {}\n`--help` lists the options",
                                           parts_->Mistake(error), parts_->usage));
  }
}

}  // namespace upcycle
