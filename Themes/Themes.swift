/// The themes inside the binary, by file name, as the bytes of their TOML files.
public enum EmbeddedThemes {
    public static let files: [(name: String, bytes: [UInt8])] = [
        ("sluice-dark", PackageResources.sluice_dark_toml),
        ("sluice-light", PackageResources.sluice_light_toml),
        ("sixteen", PackageResources.sixteen_toml),
        ("clear", PackageResources.clear_toml),
        ("graphite", PackageResources.graphite_toml),
        ("ember", PackageResources.ember_toml),
        ("moss", PackageResources.moss_toml),
        ("dusk", PackageResources.dusk_toml),
        ("frost", PackageResources.frost_toml),
    ]
}
