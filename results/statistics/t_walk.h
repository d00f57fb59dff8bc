// The exact law of the t statistics t_n of a growing sample of normal values without a difference,
// looked at after each value: what a test that may stop early must know about its own error.
//
// With r_n = Σx / √(Σx²), t_n = √(n - 1) · r_n / √(n - r_n²). The direction of (x_1 … x_n) is
// uniform on the sphere, and y = x_{n+1} / √(Σ_{i≤n} x_i²) is independent of it with √n · y ~ T_n,
// so that r_n is a Markov chain, whatever the values' deviation:
//   r_{n+1} = (r_n + y) / √(1 + y²) = r_n cos φ + sin φ,  y = tan φ,  density of φ ∝ cosⁿ⁻¹ φ.
// The density f of r_n over the walks that were not stopped before is carried on by quadrature,
//   f_{n+1}(r) ∝ ∫ f_n((r - sin φ) / cos φ) cosⁿ⁻² φ dφ,
// as Armitage, McPherson and Rowe do it for a known deviation ("Repeated significance tests on
// accumulating data", Journal of the Royal Statistical Society A 1969).
#pragma once

#include <cstdint>
#include <vector>

namespace upcycle {

struct Stopped {
  double low = 0;   // probability of being at or below the lower bound now, and not before
  double high = 0;  // at or above the upper one
};

class TWalk {
 public:
  // At the sample's first look, after `count` ≥ 3 values.
  explicit TWalk(int64_t count);

  // Stops the walks with t ≤ low or t ≥ high; low ≤ 0 ≤ high, infinite: none. Once for each count.
  // Relative error below 1e-8 for bounds that t passes with a probability of 1e-9 or more.
  Stopped Stop(double low, double high);

  // Goes on to one more value.
  void Next();

  int64_t count() const { return count_; }

 private:
  // f as a function of the angle θ = asin(r / √n), in which it is smooth: a sum of Chebyshev
  // polynomials over [low, high].
  struct Panel {
    double low = 0;
    double high = 0;
    std::vector<double> coefficients;
  };

  double Density(double r) const;
  double Before(double r) const;  // f of the last look, between its bounds
  Panel SamplePanel(double low, double high) const;
  std::vector<Panel> Sample(double low, double high) const;
  void MirrorPanels();  // adds those left of 0

  int64_t count_;
  bool began_ = false;  // there was a look before
  bool even_ = true;    // all bounds so far were symmetric, and so is f
  std::vector<Panel> before_;
  double low_ = 0, high_ = 0;  // r of the last look lies between
};

}  // namespace upcycle
