//! Whether two sets of samples differ in their means by more than chance.

use serde::Serialize;

/// |t| from which on two classes are told apart (Goodwill et al., "A testing methodology for side-channel resistance
/// validation", 2011; dudect).
pub const THRESHOLD: f64 = 4.5;
/// The 97.5 % quantile of the normal distribution.
const NORMAL_97_5: f64 = 1.959_964;

/// What is told of samples; NaN where there are too few.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
}

/// A difference of means; NaN where there are too few samples, or they do not vary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The difference.
    pub mean: f64,
    /// Where its 95 % confidence interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The difference ÷ its standard error.
    pub t: f64,
}

impl Moments {
    /// Those of these samples.
    pub fn of(samples: &[f64]) -> Self {
        let n = samples.len();
        let mean = samples.iter().sum::<f64>() / n as f64;
        let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
        Self {
            n,
            mean,
            sd: (squares / (n as f64 - 1.0)).sqrt(),
        }
    }

    /// Degrees of freedom.
    fn degrees(&self) -> f64 {
        self.n as f64 - 1.0
    }

    /// The mean's squared standard error.
    fn error_squared(&self) -> f64 {
        self.sd.powi(2) / self.n as f64
    }
}

impl Difference {
    fn new(mean: f64, error: f64, degrees: f64) -> Self {
        let half = error * student_97_5(degrees);
        Self {
            mean,
            low: mean - half,
            high: mean + half,
            t: mean / error,
        }
    }
}

/// The first's mean less the second's, by Welch's t-test, with Satterthwaite's degrees of freedom.
pub fn welch(first: &Moments, second: &Moments) -> Difference {
    let (one, other) = (first.error_squared(), second.error_squared());
    let degrees = (one + other).powi(2) / (one.powi(2) / first.degrees() + other.powi(2) / second.degrees());
    Difference::new(first.mean - second.mean, (one + other).sqrt(), degrees)
}

/// The mean of differences that were measured each by itself, by Student's t-test for pairs.
pub fn paired(differences: &[f64]) -> Difference {
    let moments = Moments::of(differences);
    Difference::new(moments.mean, moments.error_squared().sqrt(), moments.degrees())
}

/// Both without what is beyond this quantile of both together: what disturbs takes time, and never gives any back.
pub fn cropped(first: &[f64], second: &[f64], quantile: f64) -> (Vec<f64>, Vec<f64>) {
    let mut all: Vec<f64> = first.iter().chain(second).copied().collect();
    all.sort_by(f64::total_cmp);
    let place = (all.len() as f64 * quantile).ceil() as usize;
    let most = all.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN);
    let keep = |samples: &[f64]| samples.iter().copied().filter(|sample| *sample <= most).collect();
    (keep(first), keep(second))
}

/// The 97.5 % quantile of Student's t, to 1 % from five degrees of freedom on, to 0.01 % from thirty on (Abramowitz and
/// Stegun, "Handbook of Mathematical Functions", 26.7.5).
fn student_97_5(degrees: f64) -> f64 {
    let z = NORMAL_97_5;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    z + first / degrees + second / degrees.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(value: f64, right: f64, share: f64) {
        assert!(
            (value - right).abs() <= share * right.abs(),
            "{value} is not {right}"
        );
    }

    /// What SciPy 1.x says of the same numbers: `ttest_ind(equal_var=False)`, `ttest_1samp`, `t.ppf`.
    #[test]
    fn welchs_t_is_scipys() {
        let first = Moments::of(&[75.1, 74.9, 75.3, 76.0, 74.7, 75.2, 80.0]);
        let second = Moments::of(&[75.0, 74.2, 75.1, 74.6, 74.8, 75.3, 74.9, 75.0, 74.4]);
        assert_eq!((first.n, second.n), (7, 9));
        assert_near(first.sd, 1.859_595_450_116_837_5, 1e-12);
        assert_near(second.mean, 74.811_111_111_111_1, 1e-12);
        let difference = welch(&first, &second);
        assert_near(difference.t, 1.508_078_451_187_267_6, 1e-9);
        assert_near(difference.mean, 1.074_603_174_603_183_2, 1e-9);
        // Six degrees of freedom.
        assert_near(difference.low, -0.646_896_722_817_855_7, 0.02);
        assert_near(difference.high, 2.796_103_072_024_222, 0.02);
    }

    #[test]
    fn of_many_samples_the_interval_is_scipys_as_well() {
        let spread = |factor: u32, modulus: u32| -> Vec<f64> {
            (0..10_000)
                .map(|number: u32| f64::from(number * factor % modulus))
                .collect()
        };
        let (first, second) = (spread(7_919, 1_000), spread(104_729, 1_009));
        let difference = welch(&Moments::of(&first), &Moments::of(&second));
        assert_near(difference.t, -1.142_787_075_433_417_3, 1e-9);
        assert_near(difference.low, -12.725_493_692_005_724, 1e-5);
        assert_near(difference.high, 3.351_893_692_005_713_6, 1e-5);
    }

    #[test]
    fn the_paired_t_is_scipys() {
        let difference = paired(&[0.4, -0.1, 0.3, 0.2, 0.5, -0.2, 0.1, 0.6, 0.0, 0.3]);
        assert_near(difference.t, 2.552_888_830_190_289_7, 1e-9);
        assert_near(difference.low, 0.023_915_514_624_186_34, 0.02);
        assert_near(difference.high, 0.396_084_485_375_813_7, 0.002);
    }

    #[test]
    fn students_quantile_holds_as_far_as_is_said() {
        for (degrees, right, share) in [
            (5.0, 2.570_581_835_6, 0.01),
            (30.0, 2.042_272_456_3, 1e-4),
            (198.0, 1.972_017_477_8, 1e-5),
            (19_998.0, 1.960_082_617_0, 1e-5),
        ] {
            assert_near(student_97_5(degrees), right, share);
        }
    }

    #[test]
    fn what_is_cropped_is_the_slowest_of_both_together() {
        let (first, second): (Vec<_>, Vec<_>) = (0..20)
            .map(|number| (f64::from(number), f64::from(number + 100)))
            .unzip();
        let (left, shorter) = cropped(&first, &second, 0.95);
        assert_eq!((left.len(), shorter.len()), (20, 18));
        assert_eq!(shorter.last(), Some(&117.0));
        assert_eq!(cropped(&[], &[], 0.95), (Vec::new(), Vec::new()));
    }

    #[test]
    fn too_few_samples_say_nothing() {
        assert!(paired(&[1.0]).t.is_nan());
        assert!(welch(&Moments::of(&[]), &Moments::of(&[1.0, 2.0])).t.is_nan());
    }
}
