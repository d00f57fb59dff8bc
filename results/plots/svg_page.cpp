#include "results/plots/svg_page.h"

#include <utility>

#include <fmt/format.h>

#include "results/tables/xml_text.h"

namespace upcycle {
namespace {

std::string_view NameOf(Anchor anchor) {
  switch (anchor) {
    case Anchor::kStart:
      return "start";
    case Anchor::kMiddle:
      return "middle";
    case Anchor::kEnd:
      return "end";
  }
  return "";
}

std::string StrokeOf(const Pen& pen) {
  std::string text =
      fmt::format(R"( stroke="{}" stroke-width="{}")", pen.colour, Coordinate(pen.width));
  if (!pen.dash.empty()) text += fmt::format(R"( stroke-dasharray="{}")", pen.dash);
  return text;
}

}  // namespace

std::string Coordinate(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

SvgPage::SvgPage(double width, double height, std::string_view title,
                 std::string_view description) {
  text_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n"
      "<title>{2}</title>\n<desc>{3}</desc>\n",
      Coordinate(width), Coordinate(height), XmlText(title), XmlText(description));
}

void SvgPage::Close(std::string_view element, std::string_view title) {
  if (title.empty()) {
    text_ += "/>\n";
  } else {
    text_ += fmt::format("><title>{}</title></{}>\n", XmlText(title), element);
  }
}

void SvgPage::Rectangle(double x, double y, double width, double height, std::string_view fill,
                        std::string_view title) {
  text_ += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}")", Coordinate(x),
                       Coordinate(y), Coordinate(width), Coordinate(height), fill);
  Close("rect", title);
}

void SvgPage::Line(double x1, double y1, double x2, double y2, const Pen& pen) {
  text_ += fmt::format("<path d=\"M{} {}L{} {}\" fill=\"none\"{}/>\n", Coordinate(x1),
                       Coordinate(y1), Coordinate(x2), Coordinate(y2), StrokeOf(pen));
}

void SvgPage::Path(std::string_view path, const Pen& pen, std::string_view fill, double x, double y,
                   std::string_view title) {
  text_ +=
      fmt::format(R"(<path d="{}" fill="{}"{} stroke-linejoin="round")", path, fill, StrokeOf(pen));
  if (x != 0 || y != 0) {
    text_ += fmt::format(" transform=\"translate({} {})\"", Coordinate(x), Coordinate(y));
  }
  Close("path", title);
}

void SvgPage::Area(std::string_view path, std::string_view fill, double opacity) {
  text_ += fmt::format("<path d=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n", path, fill,
                       Coordinate(opacity));
}

void SvgPage::Target(double x, double y, double radius, std::string_view title) {
  text_ += fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="none" pointer-events="all")",
                       Coordinate(x), Coordinate(y), Coordinate(radius));
  Close("circle", title);
}

void SvgPage::TargetBox(double x, double y, double width, double height, std::string_view title) {
  text_ +=
      fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="none" pointer-events="all")",
                  Coordinate(x), Coordinate(y), Coordinate(width), Coordinate(height));
  Close("rect", title);
}

void SvgPage::Text(double x, double y, std::string_view text, std::string_view colour, double size,
                   Anchor anchor, std::string_view title, bool turned) {
  const std::string_view how =
      turned ? "transform=\"translate({} {}) rotate(-90)\"" : "x=\"{}\" y=\"{}\"";
  const std::string place = fmt::format(fmt::runtime(how), Coordinate(x), Coordinate(y));
  text_ += fmt::format(R"(<text {} font-size="{}" fill="{}" text-anchor="{}">)", place,
                       Coordinate(size), colour, NameOf(anchor));
  if (!title.empty()) text_ += fmt::format("<title>{}</title>", XmlText(title));
  text_ += XmlText(text) + "</text>\n";
}

void SvgPage::BeginBox(double x, double y, double width, double height, bool crisp) {
  text_ += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" overflow=\"hidden\"{}>\n",
                       Coordinate(x), Coordinate(y), Coordinate(width), Coordinate(height),
                       crisp ? " shape-rendering=\"crispEdges\"" : "");
}

void SvgPage::EndBox() { text_ += "</svg>\n"; }

std::string SvgPage::Finish() && { return std::move(text_) + "</svg>\n"; }

}  // namespace upcycle
