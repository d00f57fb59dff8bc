#include "tests/tools/slurm_cluster.h"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/files.h"
#include "core/process_identity.h"
#include "core/program_run.h"

namespace upcycle {
namespace {

constexpr const char* kConfiguration = R"(
ClusterName=upcycle
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job that was put back begins again after so many seconds and two.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=5
# Jobs that have ended are still told of, however long a test takes.
MinJobAge=3600
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=node NodeAddr=127.0.0.1 NodeHostname={host} CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=node Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=node MaxTime=INFINITE State=UP PriorityTier=9
)";

// A TCP port that nobody listens on.
int FreePort() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0) {
    throw std::runtime_error("there is no free port");
  }
  return ntohs(address.sin_port);
}

// Daemons are where ordinary users do not look.
std::string PathOf(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::stringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

std::string ShortHostName() {
  const std::string name = HostName();
  return name.substr(0, name.find('.'));
}

// Whether it comes true within a minute.
bool ComesTrue(const std::function<bool()>& what) {
  for (int i = 0; i < 600; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

}  // namespace

std::string SlurmCluster::Missing() {
  for (const char* program :
       {"munged", "mungekey", "slurmctld", "slurmd", "sbatch", "squeue", "scancel"}) {
    if (PathOf(program).empty()) return program;
  }
  return "";
}

SlurmCluster::SlurmCluster() {
  WriteConfiguration();
  ::setenv("SLURM_CONF", (folder_ / "slurm.conf").c_str(), 1);
  const std::string key = folder_ / "munge.key";
  RunToEnd({PathOf("mungekey"), "--create", "--keyfile=" + key});
  Start({"munged", "--foreground", "--force", "--key-file=" + key,
         "--socket=" + (folder_ / "munge.socket").native(),
         "--pid-file=" + (folder_ / "munge.pid").native(),
         "--log-file=" + (folder_ / "munge.log").native(),
         "--seed-file=" + (folder_ / "munge.seed").native()});
  const bool has_socket = ComesTrue([&] { return fs::exists(folder_ / "munge.socket"); });
  Start({"slurmctld", "-D"});
  Start({"slurmd", "-D", "-N", "node"});
  const auto is_up = [] { return RunToEnd({"sinfo", "-h", "-o", "%t"}).out.starts_with("idle"); };
  if (!has_socket || !ComesTrue(is_up)) throw std::runtime_error("no cluster:\n" + Logs());
}

SlurmCluster::~SlurmCluster() {
  RunToEnd({"scancel", "--partition=main"});
  RunToEnd({"scancel", "--partition=urgent"});
  ComesTrue([] { return RunToEnd({"squeue", "-h"}).out.empty(); });
  for (auto daemon = daemons_.rbegin(); daemon != daemons_.rend(); ++daemon) {
    ::kill(*daemon, SIGTERM);
    const bool ended = ComesTrue([&] { return ::waitpid(*daemon, nullptr, WNOHANG) == *daemon; });
    if (ended) continue;
    ::kill(*daemon, SIGKILL);
    ::waitpid(*daemon, nullptr, 0);
  }
  ::unsetenv("SLURM_CONF");
}

void SlurmCluster::WriteConfiguration() const {
  const passwd* user = ::getpwuid(::geteuid());
  for (const char* name : {"state", "spool"}) fs::create_directories(folder_ / name);
  Put(folder_ / "slurm.conf",
      fmt::format(kConfiguration, fmt::arg("host", ShortHostName()),
                  fmt::arg("user", user == nullptr ? "root" : user->pw_name),
                  fmt::arg("folder", folder_.path().native()),
                  fmt::arg("controller_port", FreePort()), fmt::arg("node_port", FreePort())));
}

// It ends with this process, however that ends.
void SlurmCluster::Start(const std::vector<std::string>& words) {
  const std::string program = PathOf(words.front());
  const std::string output = folder_ / (words.front() + ".out");
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT, 0666);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  if (child < 0) throw std::runtime_error("cannot start " + program);
  daemons_.push_back(child);
}

std::string SlurmCluster::Logs() const {
  std::string text;
  for (const std::string& name : NamesIn(folder_.path())) {
    if (!name.ends_with(".log") && !name.ends_with(".out")) continue;
    text += name + ":\n" + ReadTextFile(folder_ / name);
  }
  return text;
}

std::vector<std::string> SlurmCluster::Ask(const std::vector<std::string>& command) const {
  const ProgramEnd answer = RunToEnd(command);
  EXPECT_TRUE(answer.Succeeded()) << command.front() << ": " << answer.err;
  std::vector<std::string> lines;
  std::stringstream text(answer.out);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> SlurmCluster::Queue(const std::string& format) const {
  return Ask({"squeue", "--noheader", "--array", "--format=" + format});
}

std::vector<std::string> SlurmCluster::Submitted() const {
  return Ask({"squeue", "--noheader", "--array", "--states=all", "--format=%F_%K"});
}

}  // namespace upcycle
