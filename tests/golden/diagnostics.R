# Golden numbers of the checks of a fitted link: the same schools by sandwich, lmtest, MASS, lme4, metafor.
#
# Made with R 4.2.2, metafor 3.8-1, sandwich 3.0-2, lmtest 0.9-40, MASS 7.3-58.2, lme4 1.1-31 (Debian:
# r-base-core, r-cran-metafor, r-cran-sandwich, r-cran-lmtest, r-cran-mass, r-cran-lme4). From the project's folder:
#
#   Rscript tests/golden/diagnostics.R tests/golden
#
# Reads left_out.csv (made by metafor.R) and writes
#   diagnostics.csv  the checks of its subsets `california` and `french`
#   lowess.csv       stats::lowess of 41 evenly spaced points
#
# Municipality: California's county and the French department, the first digits of school_id.
# Remote: every third school, which means nothing.

suppressMessages({
  library(metafor)
  library(sandwich)
  library(lmtest)
  library(lme4)
})
golden <- commandArgs(trailingOnly = TRUE)[1]
tight <- list(tol = 1e-15, maxiter = 1000)

left_out_r2 <- function(schools) {
  # Every school left out by refitting, at the weights of the whole fit.
  deleted <- sapply(seq_len(nrow(schools)), function(j) {
    line <- lm(y ~ x, data = schools[-j, ], weights = w)
    level <- lm(y ~ 1, data = schools[-j, ], weights = w)
    schools$y[j] - c(predict(line, schools[j, ]), predict(level, schools[j, ]))
  })
  1 - sum(schools$w * deleted[1, ]^2) / sum(schools$w * deleted[2, ]^2)
}

huber_slope <- function(y, X) {
  # MASS divides the median by 0.6745, statsmodels by the normal quantile: k makes up for it.
  k <- 1.345 * 0.6745 / qnorm(0.75)
  MASS::rlm(X, y, k = k, acc = 1e-13, maxit = 1000)$coefficients[[2]]
}

checks <- function(schools, digits) {
  schools$municipality <- substr(schools$school_id, 1, digits)
  schools$remote <- as.integer(seq_len(nrow(schools)) %% 3 == 0)
  fit <- rma(y, v, mods = ~x, data = schools, method = "PM", control = tight, skipr2 = TRUE)
  schools$w <- 1 / (schools$v + fit$tau2)
  line <- lm(y ~ x, data = schools, weights = w)
  bent <- lm(y ~ x + I(x^2), data = schools, weights = w)
  schools$expected <- fitted(line)
  reset <- lm(y ~ x + I(expected^2) + I(expected^3), data = schools, weights = w)

  # The whitened data: what is least squares there is weighted least squares here.
  white <- with(schools, data.frame(y = sqrt(w) * y, one = sqrt(w), x = sqrt(w) * x))
  whitened <- lm(y ~ 0 + one + x, data = white)
  stopifnot(all.equal(vcovHC(line, "HC3"), vcovHC(whitened, "HC3"), check.attributes = FALSE))

  remote <- rma(y, v, mods = ~ x + remote, data = schools, method = "PM", control = tight, skipr2 = TRUE)
  mixed <- lmer(y ~ x + (1 | municipality), data = schools, REML = TRUE)
  between <- as.data.frame(VarCorr(mixed))$vcov
  c(
    slope_hc3_se = sqrt(vcovHC(line, "HC3")[2, 2]),
    breusch_pagan_p = bptest(whitened, ~ schools$x)$p.value[[1]],
    reset_p = anova(line, reset)[2, "Pr(>F)"],
    quadratic = coef(bent)[[3]],
    quadratic_p = summary(bent)$coefficients[3, 4],
    r2_left_out = left_out_r2(schools),
    huber_slope = huber_slope(white$y, cbind(white$one, white$x)),
    remote_coefficient = remote$beta[3],
    remote_se = remote$se[3],
    remote_p = remote$pval[3],
    municipal_slope = fixef(mixed)[[2]],
    municipal_icc = between[1] / sum(between)
  )
}

write <- function(table, name) {
  for (column in names(table)[sapply(table, is.double)]) {
    table[[column]] <- formatC(table[[column]], digits = 12, format = "g", width = 1)
  }
  write.csv(table, file.path(golden, name), row.names = FALSE, quote = FALSE, eol = "\n")
}

left_out <- read.csv(file.path(golden, "left_out.csv"), colClasses = c(school_id = "character"))
told <- list()
for (subset in c("california", "french")) {
  values <- checks(left_out[left_out$subset == subset, ], if (subset == "california") 2 else 3)
  told[[subset]] <- data.frame(subset, check = names(values), value = as.numeric(values))
}
write(do.call(rbind, told), "diagnostics.csv")

# A bend, a ripple and one outlier that the repetitions must forget.
points <- data.frame(x = seq(20, 80, by = 1.5))
points$y <- round(0.03 * points$x - 3e-4 * (points$x - 50)^2 + 0.2 * sin(7 * points$x), 6)
points$y[11] <- 5
points$smoothed <- lowess(points$x, points$y, f = 2 / 3, iter = 3, delta = 0)$y
write(points, "lowess.csv")
