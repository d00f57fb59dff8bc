#include "core/stop_signals.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/processes.h"

namespace upcycle {
namespace {

// How often a process that signals itself is asked to stop.
int RequestsAfter(int signal) {
  StopSignals stop;
  kill(getpid(), signal);
  for (int waits = 0; stop.Requests() == 0 && waits < 60'000; ++waits) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return stop.Requests();
}

TEST(StopSignals, AreCountedAndEndNothing) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(StatusOfChild([&] { return RequestsAfter(signal); }), 1);
  }
}

// Libraries of linear algebra have threads before main begins.
TEST(StopSignals, AreCountedThoughThereWasAThreadBefore) {
  const auto with_thread = [] {
    std::atomic<bool> is_over = false;
    std::thread thread([&] { is_over.wait(false); });
    const int requests = RequestsAfter(SIGINT);
    is_over = true;
    is_over.notify_all();
    thread.join();
    return requests;
  };
  EXPECT_EQ(StatusOfChild(with_thread), 1);
}

}  // namespace
}  // namespace upcycle
