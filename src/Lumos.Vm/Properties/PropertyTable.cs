using System.Collections.Frozen;
using static Lumos.Vm.Properties.PropertyStore;

namespace Lumos.Vm.Properties;

/// <summary>
/// The property table: everything vmadm knows of what a VM is made of, written once. Validation, defaults, storage, the
/// columns and filters of list and lookup, update and help are all derived from it.
///
/// To add a property: write its row in the file of its section, with status AcceptedNotYet until something acts on it;
/// a given value other than the default is then refused with that sentence. When it acts, change the status to Acts and
/// handle it where the stage needs it (Payload/Normaliser for defaults that depend on others, Payload/SpecValidator for rules
/// beyond the type, Create/ or Lifecycle/ for the effect). Rows with a Store of Attr, Rctl or Json are loaded and saved
/// without further code.
/// </summary>
public static partial class PropertyTable
{
    /// <summary>A default worked out from another property: max_physical_memory.</summary>
    public const string SameAsMemory = "= max_physical_memory";

    /// <summary>A default worked out from another property: uuid.</summary>
    public const string SameAsUuid = "= uuid";

    /// <summary>MiB of memory and GiB of room beyond which bytes do not fit into 64 bits, or a sum of two would not.</summary>
    private const long MostUnits = 1L << 32;

    /// <summary>Percent of one processor: ten thousand processors.</summary>
    private const long MostPercent = 1_000_000;

    private const string ZeroUuid = "00000000-0000-0000-0000-000000000000";

    private const Brands All = Brands.All, Os = Brands.Os, Hvm = Brands.Hvm, Lx = Brands.Lx, Kvm = Brands.Kvm,
        Bhyve = Brands.Bhyve, NotBhyve = Brands.All & ~Brands.Bhyve;

    private const PropertyOps None = PropertyOps.None, Create = PropertyOps.Create, Receive = PropertyOps.Receive,
        Update = PropertyOps.Update, Add = PropertyOps.Add, AddUpdate = PropertyOps.Add | PropertyOps.Update,
        CreateReceive = PropertyOps.Create | PropertyOps.Receive,
        CreateReceiveUpdate = PropertyOps.Create | PropertyOps.Receive | PropertyOps.Update;

    private const PropertyStatus Acts = PropertyStatus.Acts, Stored = PropertyStatus.Stored, AcceptedNotYet = PropertyStatus.AcceptedNotYet,
        Computed = PropertyStatus.Computed, Ignored = PropertyStatus.Ignored;

    /// <summary>SmartOS's 187 rows, two of our own (boot_priority, boot_delay), and the four fields that are only ever shown.</summary>
    public static IReadOnlyList<Property> Rows { get; } =
    [
        .. Identity, .. Limits, .. Storage, .. Network, .. Hardware, .. Labels, .. Container, .. ComputedRows, .. Verbs,
        .. Nics, .. Disks, .. FilesystemsAndPci,
    ];

    /// <summary>Shown by get, but in no payload: the four fields beyond the rows, and our marker of a VM that is being received.</summary>
    public static IReadOnlySet<string> LoadTimeFields { get; } =
        new HashSet<string> { "zone_state", "zoneid", "zonedid", "hvm", "receiving" };

    private static readonly FrozenDictionary<string, Property> ByName = Rows.ToFrozenDictionary(row => row.Name);

    /// <summary>The row of a name such as <c>ram</c> or <c>nics.*.ip</c>; null: unknown.</summary>
    public static Property? Find(string name) => ByName.GetValueOrDefault(name);

    private static PropertyStore Attr(string name, bool base64 = false) => new Attr(name, base64);

    private static PropertyStore Rctl(string name, string privilege, string action, bool mebibytes = false) =>
        new Rctl(name, privilege, action, mebibytes);

    private static PropertyStore Zone(string path) => new Zone(path);

    private static PropertyStore NetAttr(string name) => new NetAttr(name);

    private static PropertyStore Json(string file, string? key = null) => new Json(file, key);

    private static PropertyStore Zfs(string name) => new Zfs(name);

    private static PropertyStore DataZfs(string name) => new DataZfs(name);
}
