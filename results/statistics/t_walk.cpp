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

using Quadrature = boost::math::quadrature::gauss<double, 30>;

constexpr int kPoints = 20;  // of a panel
constexpr double kWidestPanel = 0.25;

// The Chebyshev points of [-1, 1] and their barycentric weights (Berrut and Trefethen, SIAM Review
// 2004).
struct ChebyshevPoints {
  std::array<double, kPoints> at;
  std::array<double, kPoints> weight;
};
ChebyshevPoints MakeChebyshevPoints() {
  ChebyshevPoints points = {};
  for (int k = 0; k < kPoints; ++k) {
    const double angle = (k + 0.5) * std::numbers::pi / kPoints;
    points.at[k] = std::cos(angle);
    points.weight[k] = (k % 2 == 0 ? 1 : -1) * std::sin(angle);
  }
  return points;
}
const ChebyshevPoints kChebyshev = MakeChebyshevPoints();

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
  double above = 0, below = 0;
  for (int k = 0; k < kPoints; ++k) {
    const double distance = x - kChebyshev.at[k];
    if (distance == 0) return panel.values[k];
    const double weight = kChebyshev.weight[k] / distance;
    above += weight * panel.values[k];
    below += weight;
  }
  return above / below;
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

std::vector<TWalk::Panel> TWalk::Sample(double low, double high) const {
  const double root = std::sqrt(static_cast<double>(count_)), kink = std::asin(1 / root);
  std::vector<double> ends = {low, high};
  for (const double end : {-kink, kink}) {
    if (end > low && end < high) ends.push_back(end);
  }
  std::ranges::sort(ends);
  std::vector<Panel> panels;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    const int parts = std::max(1, static_cast<int>((ends[i + 1] - ends[i]) / kWidestPanel));
    for (int part = 0; part < parts; ++part) {
      const auto end = [&](int k) { return std::lerp(ends[i], ends[i + 1], double(k) / parts); };
      Panel panel = {.low = end(part), .high = end(part + 1), .values = {}};
      for (const double at : kChebyshev.at) {
        const double angle = std::lerp(panel.low, panel.high, (1 + at) / 2);
        panel.values.push_back(Density(root * std::sin(angle)));
      }
      panels.push_back(std::move(panel));
    }
  }
  return panels;
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
  const Stopped stopped = {beyond(-low, -1), beyond(high, 1)};
  const double from = std::atan(low / std::sqrt(n - 1)), to = std::atan(high / std::sqrt(n - 1));
  before_ = Sample(from, to);
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
