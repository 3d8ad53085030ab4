# Golden numbers of the meta-regression: the same schools fitted by metafor.
#
# Made with R 4.2.2 and metafor 3.8-1 (Debian: r-base-core, r-cran-metafor); takes
# about 4 minutes and 1.8 GB, because metafor builds schools x schools matrices.
# From the project's folder:
#
#   python tests/golden/inputs.py _build/golden
#   Rscript tests/golden/metafor.R _build/golden tests/golden
#
# Writes into the second folder
#   fits.csv      coefficients and tau2 of every data set and year and of the subsets
#   schools.csv   every 25th school of each year's fit; `rstudent` of a few of the last
#                 year: each costs a refit of all the others
#   left_out.csv  the subsets, whole, every school left out once

suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
golden <- arguments[2]

# Far tighter than what the tests ask for: tau2 is ~1e-2, so this leaves ~1e-12 of it.
tight <- list(tol = 1e-15, maxiter = 1000)

# A straight line, or a parabola of the schools that have the column `bent`.
fit_link <- function(schools, ...) {
  form <- if ("bent" %in% names(schools)) ~ x + bent else ~x
  rma(y, v, mods = form, data = schools, method = "PM", control = tight, skipr2 = TRUE, ...)
}

coefficients_of <- function(data_set, year, schools, fit) {
  null <- rma(y, v, data = schools, method = "PM", control = tight)
  data.frame(
    data_set, year, n = fit$k, intercept = fit$beta[1], slope = fit$beta[2], intercept_se = fit$se[1],
    slope_se = fit$se[2], covariance = fit$vb[1, 2], bend = fit$beta[3], bend_se = fit$se[3], tau2 = fit$tau2, tau2_null = null$tau2
  )
}

sampled_schools <- function(data_set, year, schools, fit, last_year) {
  # rstandard() multiplies schools x schools matrices: only for the subsets.
  effects <- ranef(fit)
  blups <- blup(fit)
  table <- data.frame(
    data_set, year, schools[c("school_id", "y", "v", "x")], fitted = as.numeric(fitted(fit)), fitted_se = predict(fit)$se,
    residual = as.numeric(residuals(fit)),
    hat = as.numeric(hatvalues(fit)), ranef = effects$pred, ranef_se = effects$se,
    blup = blups$pred, blup_se = blups$se, rstudent = NA_real_
  )
  sample <- seq(1, nrow(table), by = 25)
  if (last_year) {
    pull <- table$residual^2 / (table$v + fit$tau2) * table$hat
    refitted <- unique(c(
      1, sample[which.max(pull[sample])], sample[which.max(table$hat[sample])], sample[which.min(table$v[sample])]
    ))
    for (school in refitted) {
      rest <- fit_link(schools[-school, ])
      x <- c(1, schools$x[school], schools$bent[school])
      error2 <- schools$v[school] + rest$tau2 + t(x) %*% rest$vb %*% x
      table$rstudent[school] <- (schools$y[school] - sum(x * rest$beta)) / sqrt(error2)
    }
  }
  table[sample, ]
}

left_out <- function(subset, schools, fit) {
  without <- influence(fit)$inf
  deleted <- rstudent(fit)
  standardized <- rstandard(fit)
  effects <- ranef(fit)
  # metafor's distance is not divided by the number of coefficients and re-estimates tau2 unless it is given.
  cooks_distance <- cooks.distance(fit_link(schools, tau2 = fit$tau2)) / fit$p
  data.frame(
    subset, schools, residual = standardized$resid, residual_se = standardized$se,
    hat = as.numeric(hatvalues(fit)), ranef = effects$pred, ranef_se = effects$se,
    deleted_residual = deleted$resid, deleted_residual_se = deleted$se, rstudent = deleted$z,
    tau2_without = without$tau2.del, cooks_distance
  )
}

# Inputs to the last bit, results to far more digits than are compared.
write <- function(table, name) {
  for (column in names(table)[sapply(table, is.double)]) {
    digits <- if (column %in% c("y", "v", "x")) 17 else 12
    written <- formatC(table[[column]], digits = digits, format = "g", width = 1)
    table[[column]] <- ifelse(is.na(table[[column]]), "", written)
  }
  write.csv(table, file.path(golden, name), row.names = FALSE, quote = FALSE, eol = "\n")
}

read <- function(file) read.csv(file, colClasses = c(school_id = "character"))
every <- function(schools, step) schools[seq(1, nrow(schools), by = step), ]

fits <- list()
schools_of <- list()
for (data_set in c("california-2000", "french-lycees")) {
  files <- sort(Sys.glob(file.path(inputs, paste0(data_set, "-????.csv"))))
  for (file in files) {
    year <- as.integer(sub(".*-(\\d{4})\\.csv$", "\\1", file))
    schools <- read(file)
    # Every one of these years asks for a bend: its square is far more than twice its variance.
    schools$bent <- ((schools$x - mean(schools$x)) / 10)^2
    fit <- fit_link(schools)
    stopifnot(fit$beta[3]^2 > 2 * fit$vb[3, 3])
    fits[[file]] <- coefficients_of(data_set, year, schools, fit)
    schools_of[[file]] <- sampled_schools(data_set, year, schools, fit, file == files[length(files)])
    message(data_set, " ", year, ": tau2 ", format(fit$tau2, digits = 10))
  }
}

california <- read(file.path(inputs, "california-2000-2000.csv"))
french <- read(file.path(inputs, "french-lycees-2022.csv"))
twelve <- every(french, 180)
twelve_apart <- fit_link(twelve, tau2 = 0)
subsets <- list(
  california = every(california, 21),
  french = every(french, 11),
  twelve = twelve,
  # Errors so large that they explain all there is: tau2 is 0 whoever is left out.
  no_spread = transform(twelve, v = v * 30),
  # tau2 is 0, but only just: without some of the schools it is not.
  edge = transform(twelve, v = v * twelve_apart$QE / (0.97 * (twelve_apart$k - twelve_apart$p))),
  # 30 instead of a number near 0: tau2 is huge, but not without that school.
  wrong_entry = transform(twelve, y = replace(y, 4, 30))
)
left_out_of <- list()
for (name in names(subsets)) {
  fit <- fit_link(subsets[[name]])
  fits[[name]] <- coefficients_of(name, "", subsets[[name]], fit)
  left_out_of[[name]] <- left_out(name, subsets[[name]], fit)
  message(name, ": tau2 ", format(fit$tau2, digits = 10))
}

write(do.call(rbind, fits), "fits.csv")
write(do.call(rbind, schools_of), "schools.csv")
write(do.call(rbind, left_out_of), "left_out.csv")
