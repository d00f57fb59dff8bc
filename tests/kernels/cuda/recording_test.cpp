// Work that is repeated, with graphs that the host keeps.
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/expert_chain.h"

namespace upcycle {
namespace {

constexpr ExpertChain kChain = {
    .tokens = 11, .experts = 3, .top_k = 2, .capacity = 6, .width = 8, .hidden = 16};

// A chain that is repeated, each time with other numbers in its tensors, beside plain calls.
class RepeatedChain {
 public:
  RepeatedChain(ExpertPath path, DataType type)
      : path_(path),
        type_(type),
        backend_(MakeCudaBackend(0, type)),
        case_(MakeExpertChain(kChain, path, "first", type)),
        run_(*backend_, case_) {}

  // Whether repeating it with the numbers that `inputs` names gives the bits of plain calls.
  bool GivesTheBitsOfPlainCalls(const std::string& inputs) {
    const OpCase op_case = MakeExpertChain(kChain, path_, inputs, type_);
    OpRun plain(*backend_, op_case);
    plain.Prepare();
    for (size_t i = 0; i < plain.tensors().size(); ++i) {
      backend_->Copy(run_.tensors()[i], plain.tensors()[i]);
    }
    plain.Call();
    backend_->Repeat(recording_, [this] { run_.Call(); });
    return plain.Outputs() == run_.Outputs();
  }

  Backend& backend() { return *backend_; }

 private:
  ExpertPath path_;
  DataType type_;
  std::unique_ptr<Backend> backend_;
  OpCase case_;
  OpRun run_;
  std::unique_ptr<Recording> recording_;
};

// LayerNorm of rows so wide that its sums outgrow the scratch memory that there is from the start.
void GrowScratch(Backend& backend) {
  constexpr int64_t kWidth = 600'000;
  std::vector<float> ones(kWidth, 1), d_x(kWidth), d_weight(kWidth), d_bias(kWidth), one = {1};
  const Tensor row(ones.data(), {1, kWidth}), weight(ones.data(), {kWidth});
  backend.LayerNormBackward(Tensor(d_x.data(), {1, kWidth}), Tensor(d_weight.data(), {kWidth}),
                            Tensor(d_bias.data(), {kWidth}), row, row, weight,
                            Tensor(one.data(), {1}), Tensor(one.data(), {1}));
}

TEST(Recording, GivesTheBitsOfPlainCallsWithOtherNumbersEachTime) {
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    for (const ExpertPath path : {ExpertPath::kGrouped, ExpertPath::kPadded}) {
      RepeatedChain chain(path, type);
      const int64_t captures = shim::Captures(), launches = shim::GraphLaunches();
      for (const char* inputs : {"a", "b", "c", "d"}) {
        EXPECT_TRUE(chain.GivesTheBitsOfPlainCalls(inputs)) << inputs;
      }
      EXPECT_EQ(shim::Captures() - captures, 1);
      EXPECT_EQ(shim::GraphLaunches() - launches, 3);
    }
  }
}

TEST(Recording, IsMadeAnewWhenScratchHasMoved) {
  RepeatedChain chain(ExpertPath::kPadded, DataType::kFloat32);
  const int64_t captures = shim::Captures();
  for (const char* inputs : {"a", "b", "c"}) chain.GivesTheBitsOfPlainCalls(inputs);
  EXPECT_EQ(shim::Captures() - captures, 1);
  GrowScratch(chain.backend());
  for (const char* inputs : {"d", "e"}) {
    EXPECT_TRUE(chain.GivesTheBitsOfPlainCalls(inputs)) << inputs;
  }
  EXPECT_EQ(shim::Captures() - captures, 2);
}

TEST(Recording, IsNotTriedOfWorkThatNeedsTheHost) {
  RepeatedChain chain(ExpertPath::kStreams, DataType::kBFloat16);
  const int64_t captures = shim::Captures(), launches = shim::GraphLaunches();
  for (const char* inputs : {"a", "b", "c"}) {
    EXPECT_TRUE(chain.GivesTheBitsOfPlainCalls(inputs)) << inputs;
  }
  EXPECT_EQ(shim::Captures() - captures, 0);
  EXPECT_EQ(shim::GraphLaunches() - launches, 0);
}

// Work that needs the host from its second time on: the attempt to record it fails.
TEST(Recording, FallsBackToPlainCalls) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> x(3, 1), sum = {0}, read = {0};
  const Tensor x_view(x.data(), {3}), sum_view(sum.data(), {1}), read_view(read.data(), {1});
  std::unique_ptr<Recording> recording;
  int calls = 0;
  for (int repeat = 1; repeat <= 3; ++repeat) {
    x[0] = static_cast<float>(repeat);
    backend->Repeat(recording, [&] {
      backend->Sum(sum_view, x_view);
      if (++calls > 1) backend->CopyToHost(read_view, sum_view);
    });
    EXPECT_EQ(sum[0], static_cast<float>(repeat + 2));
    EXPECT_EQ(read[0], repeat == 1 ? 0 : static_cast<float>(repeat + 2));
  }
  EXPECT_EQ(calls, 4);
}

TEST(Recording, LeavesTheStreamAsItWasWhenWorkIsWrong) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> x(3, 1), sum = {0};
  const Tensor x_view(x.data(), {3}), sum_view(sum.data(), {1});
  std::unique_ptr<Recording> recording;
  backend->Repeat(recording, [&] { backend->Sum(sum_view, x_view); });
  EXPECT_EQ(CauseOf([&] { backend->Repeat(recording, [&] { backend->Sum(x_view, x_view); }); }),
            Cause::kBug);
  sum[0] = 0;
  backend->Sum(sum_view, x_view);
  EXPECT_EQ(sum[0], 3);
}

TEST(Recording, IsNeverPartOfAnother) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::unique_ptr<Recording> outer, inner;
  EXPECT_EQ(CauseOf([&] { backend->Repeat(outer, [&] { backend->Repeat(inner, [] {}); }); }),
            Cause::kBug);
}

TEST(Recording, BelongsToOneBackend) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  const auto other = MakeCudaBackend(0, DataType::kFloat32);
  std::unique_ptr<Recording> recording;
  backend->Repeat(recording, [] {});
  EXPECT_EQ(CauseOf([&] { other->Repeat(recording, [] {}); }), Cause::kBug);
}

}  // namespace
}  // namespace upcycle
