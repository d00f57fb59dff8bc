// Student's t distribution (Student, "The probable error of a mean", Biometrika 1908), from
// Boost.Math. Tails keep their digits down to the smallest double.
#pragma once

namespace upcycle {

// The value below which a t variable with `degrees` > 0 degrees of freedom falls with `probability`
// in (0, 1).
double StudentQuantile(double probability, double degrees);

// The value that |T| reaches with probability p in (0, 1).
double StudentTwoSidedQuantile(double p, double degrees);

// The probability that |T| is at least |t|.
double StudentTwoSidedP(double t, double degrees);

// The probability that T is at least t.
double StudentUpperP(double t, double degrees);

}  // namespace upcycle
