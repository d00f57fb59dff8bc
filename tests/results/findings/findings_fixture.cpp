#include "tests/results/findings/findings_fixture.h"

namespace upcycle {

Paper PaperOn(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds) {
  Paper paper;
  paper.name = "made-up";
  paper.text = {"A made-up paper", "nowhere", "Nobody"};
  PaperStudy& study = paper.studies.emplace_back();
  study.is_run = true;
  study.recipe.name = "study";
  study.recipe.seeds = seeds;
  for (const std::string& name : arms) study.recipe.arms.push_back({name, {}, {}});
  return paper;
}

Claim& AddClaim(Paper& paper, const std::string& id, const std::string& arm, Relation relation,
                const std::string& than) {
  Claim& claim = paper.claims.emplace_back().claim;
  claim.id = id;
  claim.claim = "One is like the other.";
  claim.expect.arm = arm;
  claim.expect.is = relation;
  claim.expect.than = than;
  return claim;
}

}  // namespace upcycle
