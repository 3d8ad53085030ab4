# Golden numbers of the profile of skills: invented points of 60 schools in two grades, and what R makes of them.
#
# Made with R 4.2.2 (Debian: r-base-core). From the project's folder:
#
#   Rscript tests/golden/skills.R tests/golden
#
# Writes
#   tasks.csv   school_id, grade, task, n, max, share: tasks 1 and 2.1 test the skill, 2.2, 3 and 4 something else
#   skills.csv  school_id, done, expected, deficit, se: both grades, joined by the points that could be won

golden <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20211015)
points <- c("1" = 1, "2.1" = 2, "2.2" = 1, "3" = 3, "4" = 2)
hard <- c("1" = 0.4, "2.1" = -0.5, "2.2" = 0.1, "3" = -0.2, "4" = 0.9)
of_skill <- c("1", "2.1")

schools <- sprintf("s%02d", 1:60)
level <- rnorm(60, 0, 0.5)
tasks <- do.call(rbind, lapply(c(5, 6), function(grade) {
  do.call(rbind, lapply(seq_along(schools), function(j) {
    n <- sample(6:70, 1)
    p <- plogis(level[j] + hard + rnorm(5, 0, 0.25))
    won <- rbinom(5, n * points, p)
    data.frame(school_id = schools[j], grade = grade, task = names(points), n = n, max = points, share = won / (n * points))
  }))
}))
tasks <- tasks[!(tasks$school_id == "s07" & tasks$grade == 6), ] # a school that wrote one work only
write.csv(format(tasks, digits = 15, trim = TRUE), file.path(golden, "tasks.csv"), row.names = FALSE, quote = FALSE)

tasks$possible <- tasks$n * tasks$max
tasks$won <- tasks$possible * tasks$share
of_grade <- function(grade) {
  rows <- tasks[tasks$grade == grade, ]
  sums <- function(rows) aggregate(cbind(possible, won) ~ school_id, rows, sum)
  both <- merge(sums(rows[rows$task %in% of_skill, ]), sums(rows[!rows$task %in% of_skill, ]), by = "school_id", suffixes = c("", "_rest"))
  both$x <- log((both$won_rest + 0.5) / (both$possible_rest - both$won_rest + 0.5))
  fit <- glm(won / possible ~ x, family = quasibinomial, weights = possible, data = both, control = list(epsilon = 1e-14))
  both$expected <- fitted(fit)
  both$variance <- summary(fit)$dispersion * both$expected * (1 - both$expected) / both$possible * (1 - hatvalues(fit))
  both
}
both <- rbind(of_grade(5), of_grade(6))
told <- do.call(rbind, lapply(split(both, both$school_id), function(s) {
  whole <- sum(s$possible)
  done <- sum(s$won) / whole
  expected <- sum(s$expected * s$possible) / whole
  data.frame(school_id = s$school_id[1], done, expected, deficit = expected - done, se = sqrt(sum(s$variance * s$possible^2)) / whole)
}))
write.csv(format(told, digits = 12, trim = TRUE), file.path(golden, "skills.csv"), row.names = FALSE, quote = FALSE)
