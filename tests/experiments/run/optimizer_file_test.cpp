#include "experiments/run/optimizer_file.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "experiments/formats/model_folder.h"
#include "tests/caught_error.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

Architecture Small(UpcycleMethod method) {
  Architecture a = SmallArchitecture(method != UpcycleMethod::kNone);
  a.moe.router.noise = true;
  a.moe.granularity = method == UpcycleMethod::kVirtualGroups ? 4 : 1;
  return a;
}

std::vector<float> MomentOf(const ModelParameters& parameters, Backend& backend, Moment which,
                            const Part& part) {
  for (const auto& piece : parameters.pieces()) {
    if (piece.part != part) continue;
    std::vector<float> values(static_cast<size_t>(piece.value.size()));
    parameters.LoadMoment(backend, which, piece.begin, values);
    return values;
  }
  return {};
}

// A dense training that was left after six steps, with its moments in a folder.
class CarriedMoments : public testing::Test {
 protected:
  CarriedMoments() : parent_(MakeCpuBackend(1), SmallArchitecture(false), Settings()) {
    for (int i = 0; i < 6; ++i) parent_.trainer.Step();
    std::filesystem::create_directory(folder_ / "tokenizer");
    ByteTokenizer().Save(folder_ / "tokenizer");
    WriteModel(folder_.path(), parent_.model.parameters(), *parent_.backend, folder_ / "tokenizer",
               256);
    WriteMoments(folder_.path(), parent_.model.parameters(), *parent_.backend);
  }

  // Its rate does not change, so that a training can be cut in two.
  static TrainSettings Settings() {
    TrainSettings settings = SmallTraining();
    settings.learning_rate.schedule = ScheduleShape::kConstant;
    settings.learning_rate.warmup_steps = 0;
    return settings;
  }

  TemporaryFolder folder_;
  SmallTrainer parent_;
};

TEST_F(CarriedMoments, OfADenseModelAreTheParents) {
  SmallTrainer child(MakeCpuBackend(1), SmallArchitecture(false), Settings());
  CarryMoments(folder_.path(), nullptr, child.model.parameters(), *child.backend);
  for (const auto& piece : parent_.model.parameters().pieces()) {
    for (Moment which : {Moment::kFirst, Moment::kSecond}) {
      EXPECT_EQ(MomentOf(child.model.parameters(), *child.backend, which, piece.part),
                MomentOf(parent_.model.parameters(), *parent_.backend, which, piece.part));
    }
  }
}

TEST_F(CarriedMoments, OfExpertsAreThoseOfTheNeuronsTheyWereMadeFromAndOfRoutersZero) {
  for (UpcycleMethod method : {UpcycleMethod::kCopy, UpcycleMethod::kVirtualGroups}) {
    const Architecture target = Small(method);
    const ExpertNeurons neurons(target, {method, WeightScaling::kNone}, 3);
    SmallTrainer child(MakeCpuBackend(1), target, Settings());
    child.trainer.Step();  // moments of its own, which must go
    CarryMoments(folder_.path(), &neurons, child.model.parameters(), *child.backend);
    for (const Part& part : ListParts(target)) {
      for (Moment which : {Moment::kFirst, Moment::kSecond}) {
        const auto carried = MomentOf(child.model.parameters(), *child.backend, which, part);
        std::vector<float> expected(carried.size(), 0.0f);
        if (part.expert >= 0) {
          const PartKind kind = DenseKindOf(part.kind);
          TakeNeurons(
              expected,
              MomentOf(parent_.model.parameters(), *parent_.backend, which, {kind, part.layer}),
              kind, target.model.width, neurons.Taken(part.layer, part.expert));
        } else if (part.kind != PartKind::kRouter && part.kind != PartKind::kRouterNoise) {
          expected = MomentOf(parent_.model.parameters(), *parent_.backend, which, part);
        }
        EXPECT_EQ(carried, expected) << PartName(part, target);
      }
    }
  }
}

// Six steps, and six more by another training that was given the weights and the moments.
TEST_F(CarriedMoments, MakeTwoTrainingsOneToTheBit) {
  SmallTrainer whole(MakeCpuBackend(1), SmallArchitecture(false), Settings());
  for (int i = 0; i < 12; ++i) whole.trainer.Step();

  const int64_t read = 6 * Settings().batch_sequences;
  SmallTrainer child(MakeCpuBackend(1), SmallArchitecture(false), Settings());
  Trainer trainer(
      child.model, Settings(), Schedule(Settings().learning_rate, 100, 0), 100, 7,
      [&](int64_t first, int64_t count, std::span<int32_t> tokens, std::span<int32_t> targets) {
        FillCounting(read + first, count, tokens, targets);
      });
  trainer.set_carried_steps(6);
  ModelFolder(folder_.path()).CopyTo(child.model.parameters(), *child.backend);
  CarryMoments(folder_.path(), nullptr, child.model.parameters(), *child.backend);
  for (int i = 0; i < 6; ++i) trainer.Step();
  EXPECT_EQ(child.Weights(), whole.Weights());

  // Neither the moments nor their age may be left out.
  ModelFolder(folder_.path()).CopyTo(child.model.parameters(), *child.backend);
  CarryMoments(folder_.path(), nullptr, child.model.parameters(), *child.backend);
  trainer.set_step(0);
  trainer.set_carried_steps(0);
  for (int i = 0; i < 6; ++i) trainer.Step();
  EXPECT_NE(child.Weights(), whole.Weights());
}

TEST_F(CarriedMoments, ThatAreMissingOrOfAnotherModelAreRefusedByName) {
  Architecture wider = SmallArchitecture(false);
  wider.model.ffn_width = 64;
  SmallTrainer child(MakeCpuBackend(1), wider, Settings());
  EXPECT_TRUE(Says(MessageOf([&] {
                     CarryMoments(folder_.path(), nullptr, child.model.parameters(),
                                  *child.backend);
                   }),
                   "optimizer.safetensors"));
  std::filesystem::remove(folder_ / "optimizer.safetensors");
  EXPECT_TRUE(Says(MessageOf([&] {
                     CarryMoments(folder_.path(), nullptr, child.model.parameters(),
                                  *child.backend);
                   }),
                   "optimizer.safetensors"));
}

}  // namespace
}  // namespace upcycle
