#include "tests/tools/program.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace upcycle {
namespace {

namespace fs = std::filesystem;

fs::path NewFile() {
  std::string name = (fs::path(testing::TempDir()) / "upcycle-output-XXXXXX").native();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), name);
  close(descriptor);
  return name;
}

std::string TakeFile(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  fs::remove(path);
  return text;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments) : out_(NewFile()), err_(NewFile()) {
  std::vector<std::string> words = {UPCYCLE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  dup2(open(out_.c_str(), O_WRONLY), STDOUT_FILENO);
  dup2(open(err_.c_str(), O_WRONLY), STDERR_FILENO);
  execv(pointers[0], pointers.data());
  _exit(127);
}

Program::~Program() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  fs::remove(out_);
  fs::remove(err_);
}

void Program::Signal(int signal) { kill(pid_, signal); }

bool Program::Running() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

Finished Program::Wait() {
  if (!ended_) waitpid(pid_, &status_, 0);
  ended_ = true;
  Finished finished;
  finished.exit_code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  finished.out = TakeFile(out_);
  finished.err = TakeFile(err_);
  return finished;
}

Finished RunProgram(const std::vector<std::string>& arguments) { return Program(arguments).Wait(); }

std::vector<pid_t> WorkersUnder(const fs::path& root) {
  std::vector<pid_t> workers;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stream(entry.path() / "cmdline", std::ios::binary);
    const std::string words(std::istreambuf_iterator<char>(stream), {});
    const bool worker = words.find(std::string("\0worker\0", 8)) != std::string::npos;
    if (worker && words.find((root / "stages").native()) != std::string::npos) {
      workers.push_back(std::stoi(name));
    }
  }
  return workers;
}

}  // namespace upcycle
