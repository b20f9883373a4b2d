ScannerBench.run()
