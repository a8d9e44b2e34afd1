# CPU seconds of a package's predictions: Rscript forests.R PACKAGE FOLDER TREES REPEATS
# FOLDER has records.csv (predictors and flux) and rows.csv (predictors). One thread.

given <- commandArgs(trailingOnly = TRUE)
package <- given[1]
n_trees <- as.integer(given[3])
repeats <- as.integer(given[4])
records <- read.csv(file.path(given[2], "records.csv"))
rows <- read.csv(file.path(given[2], "rows.csv"))
x <- records[, names(rows)]
mtry <- max(1, ncol(x) %/% 3)
set.seed(0)
if (package == "randomForest") {
  suppressMessages(library(randomForest))
  forest <- randomForest(x, records$flux, ntree = n_trees, mtry = mtry, nodesize = 5)
  work <- function() predict(forest, rows)
} else {
  library(ranger)
  forest <- ranger(
    x = x, y = records$flux, num.trees = n_trees, mtry = mtry, min.node.size = 5, num.threads = 1
  )
  work <- function() predict(forest, rows, num.threads = 1)
}
for (i in seq_len(repeats)) {
  before <- proc.time()
  work()
  spent <- proc.time() - before
  cat(spent[["user.self"]] + spent[["sys.self"]], "\n")
}
