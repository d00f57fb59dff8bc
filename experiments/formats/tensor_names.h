// What the files of each family call the parts of its models.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "experiments/formats/formats.h"
#include "experiments/formats/stored_tensors.h"
#include "experiments/model/parts.h"

namespace upcycle {

// Parts of one layer (or of none) that share a name lie in one tensor, in the order of this list.
struct NamedPart {
  PartKind kind;
  std::string_view name;  // behind the layer's prefix; '#' stands for the expert's number
};

struct FamilyNames {
  std::string_view model_type;  // in config.json
  std::string_view class_name;
  std::string_view layer_prefix;  // '#' stands for the layer's number
  std::span<const NamedPart> parts;
  Stacking stacking = Stacking::kStacked;
  bool has_transposed_matrices = false;
  bool has_norms_less_one = false;
};

const FamilyNames& NamesOf(Family family);

// Those of the router and the experts in a class of mixtures; everything else is called as in the
// family's dense models. Empty for kDense.
std::span<const NamedPart> ExpertNamesOf(Format format);

// The name of a part of the architecture, with its numbers; the format computes it.
std::string StoredName(const Part& part, const Architecture& architecture, Format format);

}  // namespace upcycle
