// What a thread works with for the length of one call, kept for the next: there are as many as have
// been at work at once.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace upcycle {

template <typename T>
class Spares {
 public:
  struct GiveBack {
    const Spares* spares;
    void operator()(T* spare) const { spares->Keep(std::unique_ptr<T>(spare)); }
  };
  using Loan = std::unique_ptr<T, GiveBack>;

  // One that nobody else has, as new or as its last borrower left it. Must not outlive the spares.
  Loan Borrow() const {
    {
      const std::lock_guard lock(mutex_);
      if (!kept_.empty()) {
        Loan loan(kept_.back().release(), {this});
        kept_.pop_back();
        return loan;
      }
    }
    return Loan(std::make_unique<T>().release(), {this});
  }

 private:
  void Keep(std::unique_ptr<T> spare) const {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(spare));
  }

  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<T>> kept_;
};

}  // namespace upcycle
