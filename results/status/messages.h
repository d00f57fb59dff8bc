// What came up lately in a study, in words, the newest first.
#pragma once

#include <string>
#include <vector>

#include "results/ledger/live_reader.h"
#include "results/status/study_view.h"

namespace upcycle {

std::vector<Message> MessagesOf(const StudyFacts& study,
                                const std::vector<TroubledAttempt>& troubles,
                                const std::vector<LaunchFacts>& launches,
                                const std::vector<HoldSet>& holds, const ViewBounds& bounds);

// At most `bytes` of it, with … where something was cut; never half a character.
std::string ShortenedText(const std::string& text, size_t bytes);

}  // namespace upcycle
