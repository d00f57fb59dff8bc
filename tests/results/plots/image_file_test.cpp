#include "results/plots/image_file.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/error.h"
#include "results/plots/draw_svg.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::string Drawing() {
  Plot plot = {.name = "a plot", .caption = "of a line"};
  plot.rows.push_back({Panel{.x = {.label = "x"},
                             .y = {.label = "y"},
                             .series = {{.name = "`touch it`", .spots = {{0, 1}, {1, 2}}}}}});
  return DrawSvg(plot);
}

// Programs are looked for there, and nowhere else, as long as it lives.
class OnlyPath {
 public:
  explicit OnlyPath(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~OnlyPath() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(ImageOf, AnSvgIsTheDrawingItself) {
  EXPECT_EQ(ImageOf(Drawing(), ImageForm::kSvg), Drawing());
}

TEST(ImageOf, SaysWhatToInstallWithoutTheRenderer) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/usr/bin/env", folder / "env");
  const OnlyPath path(folder.path().native());
  EXPECT_FALSE(RendererVersion().has_value());
  EXPECT_TRUE(Says(MessageOf([] { ImageOf(Drawing(), ImageForm::kPdf); }),
                   "install Debian's package librsvg2-bin"));
  EXPECT_EQ(ImageOf(Drawing(), ImageForm::kSvg), Drawing());
}

TEST(ImageOf, GivesTheSameBytesOfTheSameDrawing) {
  if (!RendererVersion()) GTEST_SKIP() << "rsvg-convert is not installed";
  const std::string png = ImageOf(Drawing(), ImageForm::kPng);
  EXPECT_TRUE(png.starts_with("\x89PNG"));
  EXPECT_EQ(png, ImageOf(Drawing(), ImageForm::kPng));
  const std::string pdf = ImageOf(Drawing(), ImageForm::kPdf);
  EXPECT_TRUE(pdf.starts_with("%PDF-"));
  EXPECT_EQ(pdf, ImageOf(Drawing(), ImageForm::kPdf));
  EXPECT_TRUE(Says(pdf, "/CreationDate (1970"));
}

TEST(ImageOf, SaysWhatTheRendererSaidOfADrawingThatIsNone) {
  if (!RendererVersion()) GTEST_SKIP() << "rsvg-convert is not installed";
  EXPECT_TRUE(Says(MessageOf([] { ImageOf("<svg", ImageForm::kPng); }, Cause::kBug),
                   "rsvg-convert could not draw a plot as png"));
}

}  // namespace
}  // namespace upcycle
