SummaryBench.run()
