# Golden numbers of the line of progress: invented earlier and later means of 40 schools, and what R's metafor makes of them.
#
# Made with R 4.2.2 and metafor 3.8-1 (Debian: r-base-core, r-cran-metafor). From the project's folder:
#
#   Rscript tests/golden/progress.R tests/golden
#
# Writes
#   cohorts.csv   set, school_id, x, vx, y, vy, cxy: errors of equal size in one set, unequal in the other
#   progress.csv  set, mean, spread, intercept, slope, slope_se, tau2
#
# With equal errors the line is that of the bivariate random-effects model (van Houwelingen, Arends, Stijnen, 2002), fitted
# by restricted likelihood; its τ² (J − 1 in place of J − 2) and standard error are not asked for. With unequal ones: two univariate fits by Paule and Mandel.

suppressMessages(library(metafor))
golden <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20211129)
tight <- list(tol = 1e-15, maxiter = 1000)
schools <- 40

drawn <- function(set, n) {
  truth <- rnorm(schools, 0.05, 0.36)
  vx <- 0.8 / n
  vy <- 0.7 / n
  shared <- 0.5 * sqrt(vx * vy)
  first <- rnorm(schools)
  second <- 0.5 * first + sqrt(0.75) * rnorm(schools)
  later <- 0.02 + 0.85 * truth + rnorm(schools, 0, 0.18)
  data.frame(
    set, school_id = sprintf("s%02d", 1:schools), x = truth + sqrt(vx) * first, vx, y = later + sqrt(vy) * second, vy,
    cxy = shared
  )
}
equal <- drawn("equal", rep(40, schools))
unequal <- drawn("unequal", sample(10:110, schools, replace = TRUE))

bivariate <- function(d) {
  long <- data.frame(value = c(rbind(d$x, d$y)), side = factor(rep(c("x", "y"), schools)), id = rep(1:schools, each = 2))
  blocks <- lapply(1:schools, function(j) matrix(c(d$vx[j], d$cxy[j], d$cxy[j], d$vy[j]), 2))
  fit <- rma.mv(value, bldiag(blocks), mods = ~ side - 1, random = ~ side | id, struct = "UN", data = long,
                control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 10000))
  slope <- fit$G[1, 2] / fit$G[1, 1]
  data.frame(set = "equal", mean = fit$beta[1], spread = fit$G[1, 1], intercept = fit$beta[2] - slope * fit$beta[1], slope,
             slope_se = NA, tau2 = NA)
}

by_turns <- function(d) {
  earlier <- rma(x, vx, data = d, method = "PM", control = tight)
  mean <- earlier$beta[1]
  spread <- earlier$tau2
  total <- spread + d$vx
  expected <- mean + spread / total * (d$x - mean)
  luck <- d$cxy / total * (d$x - mean)
  slope <- 0
  for (turn in 1:200) {
    # variance of the later mean given the earlier one, less that of progress
    left <- slope^2 * spread + d$vy - (slope * spread + d$cxy)^2 / total
    fit <- rma(d$y - luck, left, mods = ~expected, method = "PM", control = tight)
    slope <- fit$beta[2]
  }
  data.frame(set = "unequal", mean, spread, intercept = fit$beta[1], slope, slope_se = fit$se[2], tau2 = fit$tau2)
}

write.csv(format(rbind(equal, unequal), digits = 15, trim = TRUE), file.path(golden, "cohorts.csv"), row.names = FALSE, quote = FALSE)
write.csv(format(rbind(bivariate(equal), by_turns(unequal)), digits = 15, trim = TRUE), file.path(golden, "progress.csv"),
          row.names = FALSE, quote = FALSE)
