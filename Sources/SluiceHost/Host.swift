import CSluice
import Glibc
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage
import Synchronization

/// How to run a broker on a real disk.
public struct HostOptions: Sendable {
    public var dataFolder: String
    public var create: Bool
    public var store: StoreOptions
    public var broker: BrokerOptions
    /// Opens the folder beside other readers and leaves it as it is; ``create`` is of no account then.
    public var isReadOnly = false
    /// Told how far a recovery is when it takes time: bytes done and in all.
    public var progress: @Sendable (Int64, Int64) -> Void = { _, _ in }

    public init(dataFolder: String, create: Bool, store: StoreOptions, broker: BrokerOptions) {
        self.dataFolder = dataFolder
        self.create = create
        self.store = store
        self.broker = broker
    }
}

/// A broker with its threads: the owner that runs it, the log thread that writes, one that makes room ahead of the log, and
/// one for checkpoints. Requests come in through ``submit(_:_:)`` from any thread.
public final class Host: Sendable {
    private let owner: Owner
    private let lock: FolderLock
    private let closed = Mutex(false)

    public static func open(_ options: HostOptions) throws(APIError) -> Host {
        try Host(options)
    }

    private init(_ options: HostOptions) throws(APIError) {
        let folder = options.dataFolder
        if options.create, !options.isReadOnly { try Self.makeFolder(folder) }
        guard access(folder, F_OK) == 0 else {
            throw APIError(.notFound, "there is no data folder \(folder)")
        }
        let real = RealDisk(root: folder)
        let disk: any Disk = options.isReadOnly ? OverlayDisk(real) : real
        do throws(DiskError) {
            // Before anything is written there: somebody else's folder stays as it is.
            try DataFolder.check(disk)
        } catch {
            throw Self.refusal(folder, error)
        }
        lock = try FolderLock(folder: folder, isShared: options.isReadOnly)
        do throws(DiskError) {
            _ = try DataFolder.open(
                disk, create: options.create && !options.isReadOnly, newIdentity: Self.newIdentity())
            var brokerOptions = options.broker
            brokerOptions.isReadOnly = options.isReadOnly
            brokerOptions.dataFolder = folder
            brokerOptions.fileSystem = String(cString: sluice_file_system(folder))
            let began = sluice_monotonic_nanoseconds()
            let broker = try Broker.open(
                disk: disk, storeOptions: options.store, options: brokerOptions, now: sluice_wall_milliseconds(),
                progress: options.progress)
            owner = Owner(broker, recoveryNanoseconds: sluice_monotonic_nanoseconds() - began)
        } catch {
            throw Self.refusal(folder, error)
        }
        owner.start()
    }

    /// A folder that must not or cannot be used, in the codes of the interface.
    private static func refusal(_ folder: String, _ error: DiskError) -> APIError {
        switch error.code {
        case 0: APIError(.refused, "\(folder): \(error)")
        case DiskError.rebuildNeeded.code: APIError(.unavailable, "\(folder): \(error)")
        case EROFS, EACCES, EPERM: APIError(.refused, "\(folder): \(error)")
        case ENOSPC, EDQUOT: APIError(.unavailable, "\(folder): \(error)")
        default: APIError(.failed, "\(folder): \(error)")
        }
    }

    private static func makeFolder(_ path: String) throws(APIError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0, errno != EEXIST, access(made, F_OK) != 0 {
                throw APIError(.failed, "cannot create the data folder \(path): \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func newIdentity() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(generator.next(), radix: 16) + String(generator.next(), radix: 16)
    }

    /// Hands a request to the broker; `reply` is called once, on the owner's thread, and must not block it.
    public func submit(_ request: Request, _ reply: @escaping Reply) { owner.submit(request, reply) }

    /// Lets a server's event loop run the owner's turns, until ``takeTurnsBack()``. Blocks for a moment.
    package func handTurns(to executor: any TurnExecutor) { owner.hand(to: executor) }

    /// Gives the turns back to a thread of the owner's own; to be called on the executor.
    package func takeTurnsBack() { owner.takeBack() }

    /// Answers what was taken, writes everything, makes a checkpoint and releases the folder. Blocks until done.
    public func close() {
        let first = closed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard first else { return }
        owner.stop()
        lock.release()
    }
}
