#include "results/statistics/power_law.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kGrid = 160;  // exponents that the search begins with, evenly in their logarithm
constexpr size_t kFewestPlaces = 4;
constexpr int kBandExponents = 400;  // within the interval, evenly in their logarithm

struct Fit {
  double exponent = 0, floor = 0, scale = 0;  // the scale where x is in units of the mean place
  double squares = std::numeric_limits<double>::infinity();
};

class Fitting {
 public:
  explicit Fitting(std::span<const ScalingPoint> points) {
    double logs = 0;
    for (const ScalingPoint& point : points) logs += std::log(point.x);
    mean_log_ = logs / static_cast<double>(points.size());
    for (const ScalingPoint& point : points) {
      place_.push_back(std::log(point.x) - mean_log_);
      loss_.push_back(point.loss);
    }
  }

  double mean_log() const { return mean_log_; }

  // The best floor and scale for this exponent.
  Fit ForExponent(double exponent) const {
    // E + A z = C + D h with h = (1 - z)/α, which stays a line of its own as α goes to 0.
    double uu = 0, uh = 0, hh = 0, u1 = 0, h1 = 0;
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double u = 1 / loss_[i], h = -std::expm1(-exponent * place_[i]) / exponent * u;
      uu += u * u;
      uh += u * h;
      hh += h * h;
      u1 += u;
      h1 += h;
    }
    const double slope = (uu * h1 - uh * u1) / (uu * hh - uh * uh);
    const double middle = (u1 - uh * slope) / uu;
    Fit fit = {
        .exponent = exponent, .floor = middle + slope / exponent, .scale = -slope / exponent};
    if (fit.scale < 0) fit.scale = 0, fit.floor = u1 / uu;
    if (fit.floor < 0) return ForFloor(0, exponent);
    fit.squares = SquaresOf(fit);
    return fit;
  }

  // Widens `ends` by the values at `place` of the laws of this exponent whose sum of squares is at
  // most `limit`.
  void WidenByEllipse(double exponent, double limit, double place, ParameterInterval* ends) const {
    double uu = 0, uh = 0, hh = 0, u1 = 0, h1 = 0, count = 0;  // as in ForExponent
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double u = 1 / loss_[i], h = -std::expm1(-exponent * place_[i]) / exponent * u;
      uu += u * u;
      uh += u * h;
      hh += h * h;
      u1 += u;
      h1 += h;
      count += 1;
    }
    const double determinant = uu * hh - uh * uh;
    const double slope = (uu * h1 - uh * u1) / determinant, middle = (u1 - uh * slope) / uu;
    const double room = limit - (count - middle * u1 - slope * h1);
    if (!(room >= 0)) return;
    const double h0 = -std::expm1(-exponent * place) / exponent;
    // (M^-1)(1, h0), and the length of (1, h0) by it.
    const double by_middle = (hh - uh * h0) / determinant, by_slope = (uu * h0 - uh) / determinant;
    const double reach = std::sqrt(room / (by_middle + h0 * by_slope));
    for (const double side : {-reach, reach}) {
      const double c = middle + side * by_middle, d = slope + side * by_slope;
      if (d <= 0 && c + d / exponent >= 0) Widen(c + d * h0, ends);
    }
    WidenByFloor0(exponent, limit, place, ends);
  }

  // The best scale for this floor and exponent.
  Fit ForFloor(double floor, double exponent) const {
    double zz = 0, z1 = 0;
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double z = std::exp(-exponent * place_[i]) / loss_[i];
      zz += z * z;
      z1 += z * (1 - floor / loss_[i]);
    }
    Fit fit = {.exponent = exponent, .floor = floor, .scale = std::max(0.0, z1 / zz)};
    fit.squares = SquaresOf(fit);
    return fit;
  }

  // Half the derivative of the least sum of squares in the exponent: floor and scale are at their
  // best, so that they do not matter for it.
  double SlopeAt(double exponent) const {
    const Fit fit = ForExponent(exponent);
    double slope = 0;
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double z = std::exp(-exponent * place_[i]);
      const double residual = (fit.floor + fit.scale * z) / loss_[i] - 1;
      slope -= residual * fit.scale * place_[i] * z / loss_[i];
    }
    return slope;
  }

  Fit Best() const {
    std::vector<double> exponents;
    size_t best = 0;
    for (int i = 0; i <= kGrid; ++i) {
      exponents.push_back(kLeastExponent *
                          std::pow(kMostExponent / kLeastExponent, static_cast<double>(i) / kGrid));
      const size_t last = exponents.size() - 1;
      if (ForExponent(exponents[last]).squares < ForExponent(exponents[best]).squares) best = last;
    }
    const double low = exponents[best > 0 ? best - 1 : 0];
    const double high = exponents[std::min<size_t>(best + 1, kGrid)];
    if (!(SlopeAt(low) < 0) || !(SlopeAt(high) > 0)) return ForExponent(exponents[best]);
    std::uintmax_t steps = 200;
    const boost::math::tools::eps_tolerance<double> tolerance(50);
    const auto [from, to] = boost::math::tools::toms748_solve(
        [&](double exponent) { return SlopeAt(exponent); }, low, high, tolerance, steps);
    return ForExponent(from + (to - from) / 2);
  }

  // The least sum of squares with this floor.
  double SquaresForFloor(double floor) const {
    const auto squares = [&](double log) { return ForFloor(floor, std::exp(log)).squares; };
    return boost::math::tools::brent_find_minima(squares, std::log(kLeastExponent),
                                                 std::log(kMostExponent), 40)
        .second;
  }

  double LeastLoss() const { return *std::ranges::min_element(loss_); }

 private:
  static void Widen(double value, ParameterInterval* ends) {
    ends->low = std::min(ends->low, value);
    ends->high = std::max(ends->high, value);
  }

  // By the laws without a floor, at which ellipses are cut.
  void WidenByFloor0(double exponent, double limit, double place, ParameterInterval* ends) const {
    double zz = 0, z1 = 0;
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double z = std::exp(-exponent * place_[i]) / loss_[i];
      zz += z * z;
      z1 += z;
    }
    const double room = limit - (static_cast<double>(loss_.size()) - z1 * z1 / zz);
    if (!(room >= 0)) return;
    for (const double side : {-1, 1}) {
      const double scale = z1 / zz + side * std::sqrt(room / zz);
      if (scale >= 0) Widen(scale * std::exp(-exponent * place), ends);
    }
  }

  double SquaresOf(const Fit& fit) const {
    double squares = 0;
    for (size_t i = 0; i < loss_.size(); ++i) {
      const double value = fit.floor + fit.scale * std::exp(-fit.exponent * place_[i]);
      squares += (value / loss_[i] - 1) * (value / loss_[i] - 1);
    }
    return squares;
  }

  double mean_log_ = 0;
  std::vector<double> place_, loss_;
};

// The sum of squares that a law must not exceed to lie in the profile.
double LimitOf(double least_squares, size_t points, double level) {
  const double degrees = static_cast<double>(points) - 3;
  const boost::math::fisher_f distribution(1, degrees);
  return least_squares * (1 + boost::math::quantile(distribution, level) / degrees);
}

// Where `squares` passes `limit` between `inside`, where it is below, and `edge`; or the edge.
template <typename Function>
double EndOfProfile(const Function& squares, double limit, double inside, double edge) {
  if (squares(edge) <= limit) return edge;
  for (int step = 0; step < 60; ++step) {
    const double middle = inside + (edge - inside) / 2;
    (squares(middle) <= limit ? inside : edge) = middle;
  }
  return inside;
}

PowerLaw None(std::string problem) {
  return {kNone, kNone, kNone, kNone, {kNone, kNone}, {kNone, kNone}, std::move(problem)};
}

std::string ProblemOf(const PowerLaw& law) {
  const ParameterInterval& exponents = law.exponent_interval;
  constexpr double kRounding = 1e-9;
  const bool low_open = exponents.low <= kLeastExponent * (1 + kRounding);
  const bool high_open = exponents.high >= kMostExponent * (1 - kRounding);
  if (low_open && high_open) return "the points fit any exponent";
  if (low_open) {
    return fmt::format("the points fit any exponent below {:.2g}: the loss hardly falls",
                       exponents.high);
  }
  if (high_open) {
    return fmt::format(
        "the points fit any exponent above {:.2g}: they are too close together, or most of them "
        "lie on the floor",
        exponents.low);
  }
  return "";
}

}  // namespace

double PowerLaw::At(double x) const { return floor + scale * std::pow(x, -exponent); }

PowerLaw FitPowerLaw(std::span<const ScalingPoint> points, double level) {
  UPCYCLE_CHECK(level > 0 && level < 1);
  std::set<double> places;
  for (const ScalingPoint& point : points) {
    UPCYCLE_CHECK(point.x > 0 && point.loss > 0 && std::isfinite(point.x + point.loss));
    places.insert(point.x);
  }
  if (places.size() < kFewestPlaces) {
    return None(fmt::format("a law of three parameters needs {} different x, and there are {}",
                            kFewestPlaces, places.size()));
  }
  const Fitting fitting(points);
  const Fit best = fitting.Best();
  if (best.scale == 0) return None("the loss does not fall as x grows");

  const double degrees = static_cast<double>(points.size()) - 3;
  const double limit = LimitOf(best.squares, points.size(), level);
  const auto of_exponent = [&](double log) { return fitting.ForExponent(std::exp(log)).squares; };
  const auto of_floor = [&](double floor) { return fitting.SquaresForFloor(floor); };
  const auto end = [&](double edge) {
    return std::exp(EndOfProfile(of_exponent, limit, std::log(best.exponent), std::log(edge)));
  };
  PowerLaw law = {
      .floor = best.floor,
      .scale = best.scale * std::exp(best.exponent * fitting.mean_log()),
      .exponent = best.exponent,
      .residual = std::sqrt(best.squares / degrees),
      .floor_interval = {EndOfProfile(of_floor, limit, best.floor, 0),
                         EndOfProfile(of_floor, limit, best.floor, fitting.LeastLoss())},
      .exponent_interval = {end(kLeastExponent), end(kMostExponent)},
      .problem = {}};
  law.problem = ProblemOf(law);
  return law;
}

std::vector<ParameterInterval> LawBand(std::span<const ScalingPoint> points, const PowerLaw& law,
                                       std::span<const double> x, double level) {
  UPCYCLE_CHECK(law.problem.empty());
  const Fitting fitting(points);
  const double limit = LimitOf(fitting.ForExponent(law.exponent).squares, points.size(), level);
  const auto [lowest, highest] = law.exponent_interval;
  std::vector<double> exponents = {law.exponent};
  for (int i = 0; i <= kBandExponents; ++i) {
    exponents.push_back(lowest * std::pow(highest / lowest, i / double{kBandExponents}));
  }
  std::vector<ParameterInterval> band;
  for (const double at : x) {
    ParameterInterval& ends = band.emplace_back(ParameterInterval{law.At(at), law.At(at)});
    const double place = std::log(at) - fitting.mean_log();
    for (const double exponent : exponents) fitting.WidenByEllipse(exponent, limit, place, &ends);
  }
  return band;
}

}  // namespace upcycle
