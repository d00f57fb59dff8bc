// Reads a drawing back as the XML that it is, with a reader that is not ours.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

namespace upcycle {

// Throws where the text is no well-formed XML.
inline boost::property_tree::ptree ReadXml(const std::string& text) {
  std::istringstream stream(text);
  boost::property_tree::ptree tree;
  boost::property_tree::read_xml(stream, tree);
  return tree;
}

// What all elements of this name contain as text, in their order.
inline std::vector<std::string> TextsOf(const boost::property_tree::ptree& tree,
                                        const std::string& element) {
  std::vector<std::string> texts;
  for (const auto& [name, child] : tree) {
    if (name == element) texts.push_back(child.data());
    for (std::string& text : TextsOf(child, element)) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace upcycle
