#include "core/recipe/upcycle_relations.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/cost.h"

namespace upcycle {
namespace {

class UpcycleRelations {
 public:
  UpcycleRelations(const RunSettings& settings, std::vector<Violation>& violations)
      : s_(settings), method_(settings.upcycle.method), violations_(violations) {}

  void Find() {
    if (s_.HasExperts()) {
      CheckGranularity();
      CheckSplit();
      CheckScaling();
    }
    if (method_ == UpcycleMethod::kBranchTrainMix) CheckBranches();
    if (s_.upcycle.optimizer == OptimizerStart::kCarry) CheckCarried();
  }

 private:
  void Error(std::vector<std::string> paths, std::string message, std::string expected) {
    violations_.push_back(
        {Severity::kError, std::move(paths), std::move(message), std::move(expected)});
  }
  void Warning(std::vector<std::string> paths, std::string message, std::string expected) {
    violations_.push_back(
        {Severity::kWarning, std::move(paths), std::move(message), std::move(expected)});
  }

  void CheckGranularity() {
    const MoeSettings& moe = s_.moe;
    if (MakesWholeExperts(method_) && moe.granularity != 1) {
      Error({"moe.granularity", "upcycle.method"},
            fmt::format("{} makes full-size experts, but a granularity of {} asks for parts",
                        NameOf(method_), moe.granularity),
            method_ == UpcycleMethod::kCopy ? "moe.granularity: 1, or upcycle: virtual_groups"
                                            : "moe.granularity: 1");
    }
    if (MakesVirtualGroups(method_) && moe.top_k % moe.granularity != 0) {
      Warning({"moe.top_k", "moe.granularity"},
              fmt::format("{} of {} parts are no whole dense MLP, so the run does not start from "
                          "what its parent computes",
                          moe.top_k, moe.granularity),
              "moe.top_k to be a multiple of moe.granularity");
    }
  }

  void CheckSplit() {
    if (method_ != UpcycleMethod::kSplit || s_.moe.expansion == 1) return;
    Error({"moe.expansion", "upcycle.method"},
          fmt::format("split shares out the neurons of one dense MLP, but an expansion of {} asks "
                      "for that many times as many",
                      s_.moe.expansion),
          "moe.expansion: 1, with moe.granularity as the number of experts");
  }

  void CheckScaling() {
    if (s_.upcycle.scaling != WeightScaling::kPaper || !s_.HasParent()) return;
    if (PaperScales(method_)) return;
    Warning({"upcycle.scaling", "upcycle.method"},
            fmt::format("the paper of {} scales no weights, so paper is the same as none",
                        NameOf(method_)),
            "upcycle.scaling: none, or exact");
  }

  void CheckBranches() {
    const UpcycleSettings& upcycle = s_.upcycle;
    if (upcycle.branches > s_.moe.Experts()) {
      Error({"upcycle.branches", "moe.expansion"},
            fmt::format("{} branches are more than {} experts can hold", upcycle.branches,
                        s_.moe.Experts()),
            "upcycle.branches to be at most moe.expansion");
    }
    const TrainSettings train = s_.BranchTraining();
    const int64_t batch = TokensPerStep(train, s_.model);
    if (upcycle.branch_tokens < batch) {
      Error({"upcycle.branch_tokens", "parent.train.batch_sequences", "model.sequence_length"},
            fmt::format("{} tokens are less than one batch of {} · {} = {}", upcycle.branch_tokens,
                        train.batch_sequences, s_.model.sequence_length, batch),
            fmt::format("upcycle.branch_tokens of at least {}", batch));
    }
    if (upcycle.branches > 1 && s_.data.train.size() == 1) {
      Warning({"data.train", "upcycle.branches"},
              "all branches read the only training source, so they differ in its order alone",
              "a source for each branch");
    }
  }

  void CheckCarried() {
    if (!s_.HasParent()) {
      Error({"upcycle.optimizer", "upcycle.method"},
            "a run from scratch has no parent whose optimizer state it could carry",
            "upcycle.optimizer: reset");
    } else if (s_.ReadsParent()) {
      Error({"upcycle.optimizer", "model.from"},
            "a parent that is read has no optimizer state to carry", "upcycle.optimizer: reset");
    } else if (!KeepsWeights(method_)) {
      Error({"upcycle.optimizer", "upcycle.method"},
            fmt::format("{} makes weights that the parent does not have, and has no optimizer "
                        "state for them",
                        NameOf(method_)),
            "upcycle.optimizer: reset, or upcycle.method: none, copy or virtual_groups");
    } else if (!s_.parent.keep_optimizer) {
      Error({"upcycle.optimizer", "parent.keep_optimizer"},
            "the parent does not keep the optimizer state that the run is to carry",
            "parent.keep_optimizer: true, for all arms: then they share one parent");
    }
  }

  const RunSettings& s_;
  UpcycleMethod method_;
  std::vector<Violation>& violations_;
};

}  // namespace

void FindUpcycleViolations(const RunSettings& settings, std::vector<Violation>& violations) {
  UpcycleRelations(settings, violations).Find();
}

}  // namespace upcycle
