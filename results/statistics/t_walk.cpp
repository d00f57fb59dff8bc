#include "results/statistics/t_walk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/beta.hpp>

#include "core/check.h"

namespace upcycle {
namespace {

using Quadrature = boost::math::quadrature::gauss<double, 24>;

constexpr int kPoints = 20;  // of a panel
constexpr double kWidestPanel = 0.5;

// cos(j·π(k + ½)/m): the Chebyshev polynomials at the points of [-1, 1] that are sampled.
using ChebyshevTable = std::array<std::array<double, kPoints>, kPoints>;
ChebyshevTable MakeChebyshevTable() {
  ChebyshevTable table = {};
  for (int j = 0; j < kPoints; ++j) {
    for (int k = 0; k < kPoints; ++k)
      table[j][k] = std::cos(j * (k + 0.5) * std::numbers::pi / kPoints);
  }
  return table;
}
const ChebyshevTable kChebyshev = MakeChebyshevTable();

// The coefficients of the polynomial through values at these points.
std::vector<double> ChebyshevCoefficients(const std::array<double, kPoints>& values) {
  std::vector<double> coefficients(kPoints, 0.0);
  for (int j = 0; j < kPoints; ++j) {
    for (int k = 0; k < kPoints; ++k) coefficients[j] += kChebyshev[j][k] * values[k];
    coefficients[j] *= (j == 0 ? 1.0 : 2.0) / kPoints;
  }
  return coefficients;
}

// Clenshaw's recurrence ("A note on the summation of Chebyshev series", 1955).
double ChebyshevValue(const std::vector<double>& coefficients, double x) {
  double next = 0, after = 0;
  for (int j = kPoints - 1; j > 0; --j) {
    const double here = coefficients[j] + 2 * x * next - after;
    after = next;
    next = here;
  }
  return coefficients[0] + x * next - after;
}

// Of a function that may begin and end like a root.
template <typename Function>
double Integrate(const Function& function, double from, double to) {
  const double half = (to - from) / 2;
  return Quadrature::integrate(
      [&](double angle) {
        return function(from + half * (1 - std::cos(angle))) * half * std::sin(angle);
      },
      0.0, std::numbers::pi);
}

// φ of a step from r = `from` to r = `to`, the one towards smaller r; and twice the half angle
// between the two, which is 0 where `to` is farther than a step leads.
struct StepAngles {
  double early = 0;
  double late = 0;
};
StepAngles AnglesBetween(double from, double to) {
  // r cos φ + sin φ = √(1 + r²) cos(φ - ψ)
  const double reach = std::hypot(1, from), psi = std::atan2(1, from);
  const double half = to >= reach ? 0 : std::acos(to / reach);
  return {psi - half, psi + half};
}

// The φ that lead to r = `to` ≥ 0 from r between low ≤ 0 and high ≥ 0, cut where |r| = 1: there the
// densities of the looks are not smooth.
std::vector<double> CutAngles(double low, double high, double to) {
  const StepAngles from_high = AnglesBetween(high, to);
  // Beyond 1 both ends come from `high`; below, r falls all along as φ rises.
  const double end = to >= 1 ? from_high.late : AnglesBetween(low, to).early;
  std::vector<double> cuts = {from_high.early, end};
  const StepAngles plus = AnglesBetween(1, to), minus = AnglesBetween(-1, to);
  for (const double cut : {plus.early, plus.late, minus.early}) {
    if (cut > from_high.early && cut < end) cuts.push_back(cut);
  }
  std::ranges::sort(cuts);
  return cuts;
}

}  // namespace

TWalk::TWalk(int64_t count) : count_(count) { UPCYCLE_CHECK(count >= 3); }

double TWalk::Before(double r) const {
  if (!(r >= low_ && r <= high_)) return 0;
  const double root = std::sqrt(static_cast<double>(count_ - 1));
  const double angle = std::asin(std::clamp(r / root, -1.0, 1.0));
  const auto after = std::ranges::upper_bound(before_, angle, {}, &Panel::high);
  const Panel& panel = after == before_.end() ? before_.back() : *after;
  const double x = (2 * angle - panel.low - panel.high) / (panel.high - panel.low);
  return ChebyshevValue(panel.coefficients, x);
}

double TWalk::Density(double r) const {
  const double n = static_cast<double>(began_ ? count_ - 1 : count_);
  if (!began_) {
    // r/√n is one coordinate of a uniform point of the sphere.
    const double rest = std::max(0.0, 1 - r * r / n);
    return std::pow(rest, (n - 3) / 2) / (std::sqrt(n) * boost::math::beta(0.5, (n - 1) / 2));
  }
  const double side = r < 0 ? -1 : 1;  // the walk to -r is that to r, mirrored
  const double low = side > 0 ? low_ : -high_, high = side > 0 ? high_ : -low_;
  const auto integrand = [&](double phi) {
    const double cosine = std::cos(phi);
    return Before(side * (std::fabs(r) - std::sin(phi)) / cosine) * std::pow(cosine, n - 2);
  };
  const std::vector<double> cuts = CutAngles(low, high, std::fabs(r));
  double sum = 0;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    if (cuts[i + 1] > cuts[i]) sum += Integrate(integrand, cuts[i], cuts[i + 1]);
  }
  return sum / boost::math::beta(0.5, n / 2);
}

TWalk::Panel TWalk::SamplePanel(double low, double high) const {
  const double root = std::sqrt(static_cast<double>(count_));
  std::array<double, kPoints> values;
  for (int k = 0; k < kPoints; ++k) {
    values[k] = Density(root * std::sin(std::lerp(low, high, (1 + kChebyshev[1][k]) / 2)));
  }
  return {low, high, ChebyshevCoefficients(values)};
}

std::vector<TWalk::Panel> TWalk::Sample(double low, double high) const {
  const double kink = std::asin(1 / std::sqrt(static_cast<double>(count_)));
  std::vector<double> ends = {low, high};
  for (const double end : {-kink, kink}) {
    if (end > low && end < high) ends.push_back(end);
  }
  std::ranges::sort(ends);
  std::vector<Panel> panels;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    const int parts = static_cast<int>((ends[i + 1] - ends[i]) / kWidestPanel) + 1;
    for (int part = 0; part < parts; ++part) {
      const auto end = [&](int k) { return std::lerp(ends[i], ends[i + 1], double(k) / parts); };
      panels.push_back(SamplePanel(end(part), end(part + 1)));
    }
  }
  return panels;
}

void TWalk::MirrorPanels() {
  std::vector<Panel> both;
  for (auto panel = before_.rbegin(); panel != before_.rend(); ++panel) {
    both.push_back({-panel->high, -panel->low, panel->coefficients});
    for (int j = 1; j < kPoints; j += 2) both.back().coefficients[j] *= -1;
  }
  both.insert(both.end(), before_.begin(), before_.end());
  before_ = std::move(both);
}

Stopped TWalk::Stop(double low, double high) {
  UPCYCLE_CHECK(low <= 0 && high >= 0);
  const double n = static_cast<double>(count_), root = std::sqrt(n);
  // Of the walks that end at `bound` or farther out, on one side.
  const auto beyond = [&](double bound, double side) {
    const double reach = side > 0 ? high_ : -low_;  // how far out the last look lets it be
    const double most = began_ ? std::min(root, std::hypot(1, reach)) : root;
    const double begin = std::atan(bound / std::sqrt(n - 1)), end = std::asin(most / root);
    if (!(end > begin)) return 0.0;
    const auto density = [&](double angle) {
      return Density(side * root * std::sin(angle)) * root * std::cos(angle);
    };
    const double kink = std::clamp(std::asin(1 / root), begin, end);
    return (kink > begin ? Integrate(density, begin, kink) : 0) +
           (end > kink ? Integrate(density, kink, end) : 0);
  };
  even_ = even_ && low == -high;
  Stopped stopped = {0, beyond(high, 1)};
  stopped.low = even_ ? stopped.high : beyond(-low, -1);
  const double from = std::atan(low / std::sqrt(n - 1)), to = std::atan(high / std::sqrt(n - 1));
  before_ = Sample(even_ ? 0 : from, to);
  if (even_) MirrorPanels();
  low_ = root * std::sin(from);
  high_ = root * std::sin(to);
  began_ = true;
  return stopped;
}

void TWalk::Next() {
  UPCYCLE_CHECK(began_);
  ++count_;
}

}  // namespace upcycle
