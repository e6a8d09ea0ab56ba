//! Linear equations with a symmetric, positive definite matrix.

/// x with Ax = b, by A = LLᵀ (Golub and Van Loan, "Matrix Computations", 4.2); only the lower
/// triangle of A is read. `None` if A is not positive definite.
#[allow(clippy::needless_range_loop)] // Indices as the source has them.
pub(super) fn solve<const N: usize>(a: &[[f64; N]; N], b: &[f64; N]) -> Option<[f64; N]> {
    let mut l = [[0.0; N]; N];
    for j in 0..N {
        let mut pivot = a[j][j];
        for k in 0..j {
            pivot -= l[j][k] * l[j][k];
        }
        // Not `<=`: what is no number is no pivot either.
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        l[j][j] = pivot.sqrt();
        for i in j + 1..N {
            let mut sum = a[i][j];
            for k in 0..j {
                sum -= l[i][k] * l[j][k];
            }
            l[i][j] = sum / l[j][j];
        }
    }
    let mut x = *b;
    for i in 0..N {
        for k in 0..i {
            x[i] -= l[i][k] * x[k];
        }
        x[i] /= l[i][i];
    }
    for i in (0..N).rev() {
        for k in i + 1..N {
            x[i] -= l[k][i] * x[k];
        }
        x[i] /= l[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::solve;

    #[test]
    fn a_system_solved_by_hand() {
        // A = LLᵀ with L = [[2,0,0],[1,3,0],[-1,2,1]]; x = (1,-2,3) gives b = Ax.
        let a = [[4.0, 2.0, -2.0], [2.0, 10.0, 5.0], [-2.0, 5.0, 6.0]];
        assert_eq!(solve(&a, &[-6.0, -3.0, 6.0]), Some([1.0, -2.0, 3.0]));
        let flat = [[1.0, 1.0], [1.0, 1.0]];
        assert_eq!(solve(&flat, &[1.0, 1.0]), None);
        assert_eq!(solve(&[[f64::NAN]], &[1.0]), None);
    }
}
