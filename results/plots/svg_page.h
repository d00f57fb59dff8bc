// One SVG document, element by element. Whatever text it is given stays text: names come from
// users, and there is no language here that they could speak. It names no element, so that many
// pages can lie in one document. Equal calls give equal bytes.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// A coordinate: two decimals at most.
std::string Coordinate(double value);

enum class Anchor { kStart, kMiddle, kEnd };

struct Pen {
  std::string_view colour;
  double width = 1;
  std::string_view dash = {};
};

class SvgPage {
 public:
  // In pixels, of which an inch has 96. `title` and `description` are for whoever cannot see it.
  SvgPage(double width, double height, std::string_view title, std::string_view description);

  void Rectangle(double x, double y, double width, double height, std::string_view fill,
                 std::string_view title = {});
  void Line(double x1, double y1, double x2, double y2, const Pen& pen);
  // `path` as SVG has it; without `fill` it is open.
  void Path(std::string_view path, const Pen& pen, std::string_view fill = "none", double x = 0,
            double y = 0, std::string_view title = {});
  // An area of this opacity, without an edge.
  void Area(std::string_view path, std::string_view fill, double opacity);
  // A place that shows nothing but answers a pointer.
  void Target(double x, double y, double radius, std::string_view title);
  void TargetBox(double x, double y, double width, double height, std::string_view title);
  // The y is that of the base line. A turned text runs upwards.
  void Text(double x, double y, std::string_view text, std::string_view colour, double size,
            Anchor anchor, std::string_view title = {}, bool turned = false);

  // Everything until End is moved to x, y, and nothing of it shows beyond this box. Crisp: edges
  // lie on pixels, so that neighbouring areas show no seam.
  void BeginBox(double x, double y, double width, double height, bool crisp = false);
  void EndBox();

  std::string Finish() &&;

 private:
  void Close(std::string_view element, std::string_view title);

  std::string text_;
};

}  // namespace upcycle
