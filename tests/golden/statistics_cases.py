"""What NumPy, SciPy and statsmodels compute, for tests/results/statistics: statistics/NAME.json.

    python -B tests/golden/statistics_cases.py

Where SciPy answers with NaN or infinity there is no case.
"""

import itertools
import json
import math
import pathlib

import numpy
import pandas
import scipy
import statsmodels
from scipy import integrate, optimize, special, stats
from statsmodels.formula import api as formula
from statsmodels.stats import anova, multitest, power, weightstats

FOLDER = pathlib.Path(__file__).parent / "statistics"
LEVEL = 0.95


def draws(seed, count, scale=1.0, shift=0.0, digits=None):
    values = shift + scale * numpy.random.default_rng(seed).standard_normal(count)
    return [float(v) for v in (values if digits is None else numpy.round(values, digits))]


# Differences of every kind that a study can show.
SAMPLES = {
    "two": [0.31, -0.12],
    "three": [-0.021, -0.034, -0.017],
    "three that nearly agree": [-0.5, -0.5 - 1e-9, -0.5 + 2e-9],
    "student's sleep": [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4],
    "six seeds": [-0.06, -0.08, -0.02, -0.09, -0.07, -0.03],
    "ties and zeros": [1.0, -1.0, 0.0, 2.0, 2.0, -3.0, 0.0, 3.0, 3.0, 4.0],
    "all positive": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5],
    "small on large": [1e-7, 3e-7, -2e-7, 4e-7, 2.5e-7],
    "skewed": [float(v) for v in numpy.random.default_rng(5).exponential(1, 15)],
    "thirteen": draws(1, 13, shift=0.4),
    "twenty": draws(2, 20, shift=0.3),
    "forty": draws(3, 40, shift=0.2),
    "fifty": draws(4, 50, shift=-0.3),
    "large": draws(6, 400, shift=0.1),
    "large with ties": draws(7, 300, digits=1, shift=0.05),
}


def noncentrality(t, degrees, level):
    """The noncentral t interval by bisection on SciPy's distribution."""
    tail = (1 - level) / 2

    def solve(excess):
        low, high = -abs(t) - 60, abs(t) + 60
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        return (low + high) / 2

    low = solve(lambda d: stats.nct.sf(t, degrees, d) - tail)
    high = solve(lambda d: tail - stats.nct.cdf(t, degrees, d))
    return low, high


def hedges(degrees):
    return math.exp(special.gammaln(degrees / 2) - special.gammaln((degrees - 1) / 2)) / math.sqrt(
        degrees / 2)


def paired():
    cases = []
    for name, values in SAMPLES.items():
        d, n = numpy.array(values), len(values)
        test = stats.ttest_1samp(d, 0)
        t, degrees = float(test.statistic), n - 1
        case = {"name": name, "differences": values, "level": LEVEL, "mean": float(d.mean()),
                "deviation": float(d.std(ddof=1)), "t": t, "p": float(test.pvalue),
                "half_width": float(stats.t.isf((1 - LEVEL) / 2, n - 1) * stats.sem(d)),
                "cohen": float(d.mean() / d.std(ddof=1))}
        if n > 2:
            case["hedges"] = hedges(degrees) * case["cohen"]
        if abs(t) < 30:
            low, high = noncentrality(t, degrees, LEVEL)
            case["size_low"], case["size_high"] = low / math.sqrt(n), high / math.sqrt(n)
        margin = 1.5 * abs(case["mean"])
        both, lower, upper = weightstats.DescrStatsW(d).ttost_mean(-margin, margin)
        case.update(margin=margin, tost=float(both), tost_low=float(lower[1]),
                    tost_high=float(upper[1]))
        cases.append(case)
    return cases


def exact_signed_ranks(d):
    """By every choice of signs, for ties, which SciPy does exactly up to 13 differences only."""
    ranks = stats.rankdata(numpy.abs(d))
    observed = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    reached = sum(
        numpy.dot(signs, ranks) <= observed for signs in itertools.product((0, 1), repeat=len(d)))
    return min(1.0, 2 * reached / 2**len(d))


def wilcoxon():
    cases = []
    for name, values in SAMPLES.items():
        d = numpy.array(values)
        d = d[d != 0]
        tied = len(set(numpy.abs(d))) < len(d)
        if tied and len(d) <= 13:
            p = exact_signed_ranks(d)
            assert math.isclose(p, stats.wilcoxon(d).pvalue, rel_tol=1e-12) or len(d) < len(values)
        else:
            p = stats.wilcoxon(d, method="exact" if len(d) <= 50 else "approx").pvalue
        ranks = stats.rankdata(numpy.abs(d))
        cases.append({"name": name, "differences": values, "positive": float(ranks[d > 0].sum()),
                      "p": float(p)})
    return cases


def sign_flip():
    cases = []
    for name, values in SAMPLES.items():
        if len(values) > 15:
            continue
        test = stats.permutation_test((numpy.array(values),), numpy.sum,
                                      permutation_type="samples", n_resamples=numpy.inf)
        cases.append({"name": name, "differences": values, "p": float(test.pvalue)})
    return cases


def student():
    upper = [(t, v) for v in (1, 2, 3, 5, 11, 40, 1000, 2.5)
             for t in (0, 1e-9, 0.3, 2.5, -2.5, 30, 1e4)]
    upper += [(1e60, 5), (1e27, 11), (40, 1e6), (1e150, 2)]
    quantiles = [(p, v) for v in (1, 2, 3, 5, 11, 400)
                 for p in (0.9, 0.05, 0.05 / 7, 1e-5, 1e-30, 1e-300)]
    tails = [{"t": t, "degrees": v, "p": float(stats.t.sf(t, v))} for t, v in upper]
    values = [{"p": p, "degrees": v, "t": float(stats.t.isf(p / 2, v))} for p, v in quantiles]
    return {"upper": tails, "two_sided_quantile": [v for v in values if math.isfinite(v["t"])]}


def noncentral():
    cases = []
    for degrees in (1, 2, 5, 11, 60):
        for delta in (-3, 0, 0.5, 2, 8, 20):
            for t in (-4, -1, 0, 0.7, 2.5, 9, 25):
                cdf = float(stats.nct.cdf(t, degrees, delta))
                if 1e-3 < cdf < 1 - 1e-3:
                    cases.append({"t": t, "degrees": degrees, "noncentrality": delta, "cdf": cdf})
    return cases


def power_of(size, pairs, level):
    """statsmodels' power; where SciPy's far tail, which it adds, is NaN, the near one alone."""
    found = power.TTestPower().power(size, pairs, level)
    if math.isfinite(found):
        return float(found)
    degrees, delta = pairs - 1, size * math.sqrt(pairs)
    return float(stats.nct.sf(stats.t.isf(level / 2, degrees), degrees, delta))


def powers():
    sizes, detectable, needed = [], [], []
    for pairs in (2, 3, 4, 6, 12, 40):
        for level in (0.05, 0.05 / 7):
            for size in (0.2, 0.8, 1.5, 4):
                sizes.append({"pairs": pairs, "level": level, "size": size,
                              "power": power_of(size, pairs, level)})
            # statsmodels' own root has 8 digits at best.
            size = optimize.brentq(lambda s: power_of(s, pairs, level) - 0.8, 0.1, 200, rtol=1e-14)
            detectable.append({"pairs": pairs, "level": level, "power": 0.8, "size": size})
    for size in (0.1, 0.3, 0.8, 1.5, 3, -0.8):
        pairs = next(n for n in itertools.count(2) if power_of(abs(size), n, 0.05) >= 0.8)
        needed.append({"size": size, "level": 0.05, "power": 0.8, "pairs": pairs})
    return {"power": sizes, "detectable": detectable, "needed": needed}


def holm():
    families = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.6, 0.7], [0.03], [1e-300, 0.2, 1e-290],
                [0.001, 0.2, 0.02, 0.02, 0.9], [0.05] * 20, [0, 1, 0.5]]
    families.append([float(p) for p in numpy.random.default_rng(8).uniform(0, 0.1, 50)])
    return [{"p": p, "adjusted": [float(a) for a in multitest.multipletests(p, method="holm")[1]]}
            for p in families]


def mean(values):
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def bootstrap():
    """BCa on all nⁿ resamples, so that no draw matters."""
    cases = []
    for values in ([0.1, 0.25, -0.3, 0.9], [1.0, 2.0, 4.0, 8.0, 16.0], [-0.5, -0.4, -0.45]):
        n = len(values)
        means = numpy.array([mean(sorted(r)) for r in itertools.product(values, repeat=n)])
        observed = mean(values)
        z0 = stats.norm.ppf(((means < observed).sum() + (means == observed).sum() / 2) / len(means))
        without = [mean(values[:i] + values[i + 1:]) for i in range(n)]
        u = mean(without) - numpy.array(without)
        a = (u**3).sum() / (6 * (u**2).sum()**1.5)
        z = z0 + stats.norm.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        low, high = numpy.quantile(means, stats.norm.cdf(z0 + z / (1 - a * z)))
        cases.append({"values": values, "level": LEVEL, "low": float(low), "high": float(high)})
    return cases


def noise_floor():
    values = [2.31, 2.34, 2.29, 2.33, 2.36]
    pairs = [0.01, -0.02, 0.015, -0.004]
    cases = []
    for kind, given, variance, degrees in (
            ("runs", values, 2 * numpy.var(values, ddof=1), len(values) - 1),
            ("pairs", pairs, numpy.mean(numpy.square(pairs)), len(pairs))):
        cases.append({
            "kind": kind, "values": given, "level": LEVEL, "seeds": 6,
            "deviation": float(math.sqrt(variance)),
            "largest": float(math.sqrt(variance * degrees / stats.chi2.ppf(1 - LEVEL, degrees))),
            "within": float(stats.t.ppf((1 + LEVEL) / 2, degrees) * math.sqrt(variance / 6))})
    return cases


def sequential():
    """Two looks, at 3 and 4 values, by integrating over the first: see results/statistics/t_walk.h.
    r_3 is uniform in its interval, and tan φ = T_3 / √3 leads to r_4 = r_3 cos φ + sin φ."""

    def critical(p, count):
        return stats.t.isf(p, count - 1)

    def r_of(t, count):
        return t * math.sqrt(count / (count - 1 + t * t))

    def reaches(r, bound):
        """P(r_4 ≥ bound | r_3 = r)."""
        reach, middle = math.hypot(1, r), math.atan2(1, r)
        if bound >= reach:
            return 0.0
        half = math.acos(bound / reach)
        ends = [min(max(middle + s * half, -math.pi / 2), math.pi / 2) for s in (-1, 1)]
        below = [stats.t.cdf(math.sqrt(3) * math.tan(e), 3) for e in ends]
        return below[1] - below[0]

    cases = []
    for exponent, x, sides in itertools.product((0, 3), (0.4, 0.05, 0.05 / 7, 1e-4), (1, 2)):
        levels = [x * (n / 4)**exponent for n in (3, 4)]
        three, four = (r_of(critical(level / sides, n), n) for level, n in zip(levels, (3, 4)))
        low = -three if sides == 2 else -math.sqrt(3)
        kinks = [k * math.sqrt(max(0, four**2 - 1)) for k in (-1, 1)]
        later = integrate.quad(lambda r: reaches(r, four), low, three, epsabs=0, epsrel=1e-12,
                               points=[k for k in kinks if low < k < three], limit=2000)[0]
        p = levels[0] + sides * later / (2 * math.sqrt(3))
        cases.append({"first": 3, "most": 4, "exponent": exponent, "x": x, "sides": sides, "p": p})
    return cases


def power_law():
    """The same residuals to scipy.optimize.least_squares, and profiles of its sums of squares."""
    cases = []
    for name, (floor, scale, exponent), noise, xs in (
            ("wide", (1.7, 400.0, 0.34), 0.002, numpy.geomspace(1e7, 1e11, 9)),
            ("two seeds a place", (2.0, 30.0, 0.2), 0.004, numpy.repeat(numpy.geomspace(1e6, 1e10, 7), 2)),
            ("narrow", (1.0, 8.0, 0.5), 0.0005, numpy.geomspace(1, 40, 8))):
        losses = floor + scale * xs**-exponent
        losses = losses * (1 + noise * numpy.random.default_rng(12).standard_normal(len(xs)))
        unit = math.exp(numpy.log(xs).mean())

        def residuals(p, fixed=None):
            p = p if fixed is None else numpy.insert(p, fixed[0], fixed[1])
            return (p[0] + p[1] * (xs / unit)**-p[2]) / losses - 1

        def least(start, fixed=None):
            return optimize.least_squares(residuals, start, args=(fixed,), xtol=1e-15, ftol=1e-15,
                                          gtol=1e-15, x_scale="jac", method="lm")

        start = numpy.array([floor, scale * unit**-exponent, exponent])
        fit = least(start)
        degrees = len(xs) - 3
        limit = 2 * fit.cost * (1 + stats.f.ppf(LEVEL, 1, degrees) / degrees)
        ends = {}
        for key, at in (("floor", 0), ("exponent", 2)):
            def excess(value):
                return 2 * least(numpy.delete(fit.x, at), (at, value)).cost - limit

            reach = 1e-3 * abs(fit.x[at])
            for side, name_of_end in ((-1, "low"), (1, "high")):
                far = reach
                while excess(fit.x[at] + side * far) < 0:
                    far *= 1.5
                ends[f"{key}_{name_of_end}"] = float(
                    optimize.brentq(lambda v: excess(fit.x[at] + side * v), 0, far) * side + fit.x[at])
        cases.append({"name": name, "x": [float(x) for x in xs],
                      "loss": [float(v) for v in losses], "level": LEVEL,
                      "floor": float(fit.x[0]), "scale": float(fit.x[1] * unit**fit.x[2]),
                      "exponent": float(fit.x[2]),
                      "residual": math.sqrt(2 * fit.cost / degrees), **ends})
    return cases


def factorial():
    """A grid of 2 x 3 x 2 cells: contrasts seed by seed, and sums of squares by statsmodels."""
    levels, seeds = (2, 3, 2), 5
    generator = numpy.random.default_rng(21)
    a, b, c = numpy.meshgrid(*(numpy.arange(n) for n in levels), indexing="ij")
    truth = 3 - 0.2 * a + 0.1 * (b == 2) + 0.15 * a * (b == 1) + 0.02 * c
    grids = [truth + generator.normal(0, 0.2) + 0.03 * generator.standard_normal(levels)
             for _ in range(seeds)]
    helmert = {n: [numpy.concatenate([-numpy.ones(k) / k, [1], numpy.zeros(n - k - 1)])
                   for k in range(1, n)] for n in levels}
    terms = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    contrasts = []
    for term in terms:
        for chosen in itertools.product(*(range(levels[f] - 1) for f in term)):
            effects = []
            for grid in grids:
                for f in reversed(range(3)):
                    w = helmert[levels[f]][chosen[term.index(f)]] if f in term else numpy.full(
                        levels[f], 1 / levels[f])
                    grid = numpy.tensordot(grid, w, axes=(f, 0))
                effects.append(float(grid))
            test = stats.ttest_1samp(effects, 0)
            contrasts.append({"factors": list(term), "against": [k + 1 for k in chosen],
                              "mean": float(numpy.mean(effects)), "t": float(test.statistic),
                              "p": float(test.pvalue)})
    for contrast, adjusted in zip(
            contrasts, multitest.multipletests([k["p"] for k in contrasts], method="holm")[1]):
        contrast["adjusted_p"] = float(adjusted)
    means = numpy.mean(grids, axis=0)
    frame = pandas.DataFrame({"y": means.ravel(), "a": a.ravel(), "b": b.ravel(), "c": c.ravel()})
    table = anova.anova_lm(formula.ols("y ~ (C(a) + C(b) + C(c))**2", frame).fit())
    rows = [":".join(f"C({'abc'[f]})" for f in term) for term in terms]
    shares = [float(table["sum_sq"][row] / table["sum_sq"].sum()) for row in rows]
    return {"levels": list(levels), "values": [[float(v) for v in g.ravel()] for g in grids],
            "contrasts": contrasts, "shares": shares}


def main():
    FOLDER.mkdir(exist_ok=True)
    made_with = {m.__name__: m.__version__ for m in (numpy, scipy, statsmodels)}
    for make in (paired, wilcoxon, sign_flip, student, noncentral, powers, holm, bootstrap,
                 noise_floor, sequential, power_law, factorial):
        text = json.dumps({"made_with": made_with, "cases": make()}, indent=1, allow_nan=False)
        (FOLDER / f"{make.__name__}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
