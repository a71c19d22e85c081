package import CoreMetrics

extension PrometheusRegistry: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        register(label, .counter, suffix: "_total", dimensions: dimensions) { CounterSeries() }
            ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        register(label, .counter, suffix: "_total", dimensions: dimensions) { FloatingPointCounterSeries() }
            ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        register(label, .gauge, suffix: "", dimensions: dimensions) { GaugeSeries() } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            let bounds = configuration.boundsByLabel[label] ?? configuration.recorderBounds
            return register(label, .histogram, suffix: "", dimensions: dimensions) { HistogramSeries(bounds: bounds) }
                ?? NOOPMetricsHandler.instance
        }
        return register(label, .gauge, suffix: "", dimensions: dimensions) { GaugeSeries() }
            ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let bounds = configuration.boundsByLabel[label] ?? configuration.timerBounds
        return register(label, .histogram, suffix: "_seconds", dimensions: dimensions) {
            HistogramSeries(bounds: bounds, scale: 1e-9)
        } ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
