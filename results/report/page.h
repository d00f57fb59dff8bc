// The page around the sections: one file that asks for nothing from anywhere, and that its own
// policy forbids to.
#pragma once

#include <string>
#include <vector>

namespace upcycle {

struct ReportSection {
  std::string id;
  std::string title;
  std::string body;         // a piece of html.h; empty: the section is left out
  bool of_machine = false;  // depends on machine and clock, and not on results alone
};

std::string PageOf(const std::string& title, const std::string& lead,
                   const std::vector<ReportSection>& sections);

}  // namespace upcycle
