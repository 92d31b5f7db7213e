import Foundation
import SluiceSimulator

// Looks for each planted bug by simulation. Only a build with the trait has any:
//     swift run --traits Plants --scratch-path .build/plants sluice-plant-hunt [NAME ...]

#if Plants
    let wanted = CommandLine.arguments.dropFirst()
    let names = wanted.isEmpty ? PlantHunt.names : Array(wanted)
    var missed = 0
    for name in names {
        if let found = PlantHunt.hunt(name) {
            print("\(name): found in seed \(found.seed), step \(found.step): \(found.text)")
        } else {
            print("\(name): not found")
            missed += 1
        }
    }
    print("\(names.count - missed) of \(names.count) planted bugs found")
    exit(missed == 0 ? 0 : 1)
#else
    print("This build has no planted bugs; it needs the trait Plants.")
    exit(64)
#endif
