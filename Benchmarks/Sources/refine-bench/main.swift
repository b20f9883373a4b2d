RefineBench.run()
