#include "experiments/run/provenance.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/build_info.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(Provenance, NamesTheProgramAndTheMachine) {
  const nlohmann::json provenance = Provenance(/*on_gpu=*/false);
  EXPECT_EQ(provenance.at("version"), kVersion);
  EXPECT_EQ(provenance.at("build"), BuildFingerprint());
  EXPECT_EQ(provenance.at("compiler"), CompilerText());
  EXPECT_EQ(provenance.at("libraries"), LibrariesText());
  EXPECT_TRUE(Says(provenance.at("system").get<std::string>(), "Linux "));
  EXPECT_NE(provenance.at("processor"), "");
  EXPECT_FALSE(provenance.contains("cuda_driver"));
}

TEST(Provenance, NamesCudaWhereItComputesOnAGpu) {
  EXPECT_TRUE(Provenance(/*on_gpu=*/true).contains("cuda_toolkit"));
  EXPECT_TRUE(Provenance(/*on_gpu=*/true).contains("cuda_driver"));
}

TEST(Provenance, HasTheWordsThatThisProcessWasCalledWith) {
  const std::string line = CommandLineOfThisProcess();
  EXPECT_TRUE(Says(line, "experiments_test"));
  EXPECT_EQ(line.find('\0'), std::string::npos);
}

}  // namespace
}  // namespace upcycle
