"""Bins by hand, and drift where there is some."""

import unittest

import numpy as np

from reference import Bins, bins, counted, psi, reference


class BinsTest(unittest.TestCase):
    def test_by_hand(self) -> None:
        for values, expect in [
            ([3.0] * 7, Bins([], [1.0])),
            ([0.0] * 9 + [1.0], Bins([1.0], [0.9, 0.1])),
            ([0.0, 1.0, 2.0], Bins([1.0, 2.0], [0.333334, 0.333333, 0.333333])),
            (list(range(20)), Bins([float(edge) for edge in range(2, 20, 2)], [0.1] * 10)),
            # A frequent value has a bin of its own, and the others share what is left.
            ([0.0] * 91 + list(range(1, 10)), Bins([float(edge) for edge in range(1, 10)], [0.91] + [0.01] * 9)),
        ]:
            with self.subTest(values=values):
                self.assertEqual(bins(np.array(values, dtype=np.float32)), expect)

    def test_any_values_give_bins_in_order(self) -> None:
        rng = np.random.default_rng(1)
        for values in (rng.lognormal(size=5_000), rng.integers(0, 4, 999), rng.normal(size=3), np.array([1e-30, 1e30])):
            values = values.astype(np.float32)
            found = bins(values)
            self.assertLessEqual(len(found.shares), 10)
            self.assertAlmostEqual(sum(found.shares), 1, delta=1e-12)
            self.assertTrue((np.diff(found.edges) > 0).all())
            # As numbers of a manifest they are still the float32 that occurred: nothing changes its bin.
            self.assertTrue(set(np.array(found.edges, dtype=np.float32)) <= set(values))
            np.testing.assert_allclose(counted(values, found.edges) / len(values), found.shares, atol=1e-5)

    def test_what_is_no_number_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "no finite numbers"):
            bins(np.array([1.0, np.nan], dtype=np.float32))

    def test_an_edge_belongs_to_the_bin_above(self) -> None:
        np.testing.assert_array_equal(counted(np.array([0.9, 1.0, 1.1], dtype=np.float32), [1.0]), [1, 2])


class DriftTest(unittest.TestCase):
    def test_by_hand(self) -> None:
        half = Bins([1.0], [0.5, 0.5])
        for values, expect in [([0, 2], 0.0), ([0, 0, 0, 2], 0.25 * np.log(1.5) + 0.25 * np.log(2)), ([0], 4.6043)]:
            with self.subTest(values=values):
                self.assertAlmostEqual(psi(half, np.array(values)), expect, delta=2e-3)

    def test_it_grows_with_the_shift(self) -> None:
        rng = np.random.default_rng(1)
        before = bins(rng.normal(size=5_000))
        drifts = [psi(before, rng.normal(shift, size=5_000)) for shift in (0, 0.3, 1)]
        self.assertLess(drifts[0], 0.01)
        self.assertTrue(drifts[0] < drifts[1] < drifts[2], drifts)


class ReferenceTest(unittest.TestCase):
    def test_scores_and_features(self) -> None:
        found = reference(["is_card"], np.array([[0], [1]]), np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32), 0.3)
        self.assertEqual(found.approval_rate, 0.5)
        self.assertEqual(found.features, {"is_card": Bins([1.0], [0.5, 0.5])})
        self.assertEqual(len(found.score.shares), 4)


if __name__ == "__main__":
    unittest.main()
