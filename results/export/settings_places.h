// Settings without the places of files. Which file is read is of the study, where it lies of the
// machine: what is a function of results alone says "…/books/*.txt" of "/data/books/*.txt".
#pragma once

#include <nlohmann/json.hpp>

namespace upcycle {

// Every text that is an absolute path keeps its last two names, also behind the "!" of a pattern
// that leaves out.
nlohmann::json WithoutPlaces(nlohmann::json settings);

}  // namespace upcycle
