import SluiceAPI
import SluiceClient

extension EmbeddedOptions {
    /// What a broker for one run is opened with.
    ///
    /// - Parameters:
    ///   - folder: of the run; the broker's data folder is in it.
    ///   - levels: delay levels in place of RocketMQ's.
    public static func forScenario(
        in folder: String, durability: Durability, levels: String? = nil
    ) throws(APIError) -> EmbeddedOptions {
        var options = EmbeddedOptions(
            dataFolder: folder + "/broker", durability: durability, retainBytes: 1 << 30, segmentBytes: 64 << 20)
        if let levels { try options.setLevels(levels) }
        return options
    }
}
