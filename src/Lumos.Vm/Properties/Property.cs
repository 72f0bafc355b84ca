namespace Lumos.Vm.Properties;

/// <summary>What a property's value looks like in a payload.</summary>
public enum PropertyType
{
    /// <summary>Never given: shown only.</summary>
    None,
    String,
    Integer,
    Boolean,
    Uuid,

    /// <summary>The name of a pool of this machine.</summary>
    Pool,

    /// <summary>An array of texts or numbers, or one text with commas.</summary>
    List,

    /// <summary>An object whose values are texts, numbers or booleans.</summary>
    Map,

    /// <summary>An array of objects, each with sub-properties of its own.</summary>
    Objects,
}

/// <summary>Where a property may be given.</summary>
[Flags]
public enum PropertyOps
{
    None = 0,
    Create = 1,
    Receive = 2,
    Update = 4,

    /// <summary>Of a sub-property: when its object is added.</summary>
    Add = 8,
}

/// <summary>What we do with a property that was given.</summary>
public enum PropertyStatus
{
    /// <summary>It is acted on.</summary>
    Acts,

    /// <summary>It is checked, kept and shown; nothing enforces it yet.</summary>
    Stored,

    /// <summary>Known; refused when it is given with another value than its default.</summary>
    AcceptedNotYet,

    /// <summary>Shown, never taken.</summary>
    Computed,

    /// <summary>Neither shown nor taken.</summary>
    Ignored,
}

/// <summary>A column of <c>vmadm list</c>: heading and least width.</summary>
public sealed record ListColumn(string Header, int Width);

/// <summary>Where a property is kept.</summary>
public abstract record PropertyStore
{
    private PropertyStore()
    {
    }

    /// <summary>An <c>attr</c> of the zone configuration.</summary>
    public sealed record Attr(string Name, bool Base64) : PropertyStore;

    /// <summary>A resource control of the zone configuration; memory is stored in bytes and shown in MiB.</summary>
    public sealed record Rctl(string Name, string Privilege, string Action, bool Mebibytes) : PropertyStore;

    /// <summary>A field of the zone configuration itself (or of its network, device or fs element).</summary>
    public sealed record Zone(string Path) : PropertyStore;

    /// <summary>A named attribute of a network or device element.</summary>
    public sealed record NetAttr(string Name) : PropertyStore;

    /// <summary>A file under ZONEPATH/config; the whole of it, or the value of one key.</summary>
    public sealed record Json(string File, string? Key) : PropertyStore;

    /// <summary>A property of the root dataset.</summary>
    public sealed record Zfs(string Name) : PropertyStore;

    /// <summary>A property of the dataset that the VM was given when it was made (<see cref="VmSpec.DataDataset"/>).</summary>
    public sealed record DataZfs(string Name) : PropertyStore;
}

/// <summary>One row of the property table.</summary>
/// <param name="Name">As written in payloads; sub-properties as <c>nics.*.ip</c>.</param>
/// <param name="Type">The form of its value.</param>
/// <param name="Brands">The brands that have it.</param>
/// <param name="Ops">Where it may be given.</param>
/// <param name="Status">Whether it is acted on.</param>
/// <param name="Default">
/// As text; <see cref="PropertyTable.SameAsMemory"/> and the like stand for values worked out from others; null: unset.
/// </param>
/// <param name="Store">Where it is kept; null: nowhere, or with its object.</param>
/// <param name="Meaning">For <c>vmadm help PROPERTY</c>.</param>
/// <param name="Column">Its column in <c>vmadm list</c>.</param>
/// <param name="Filterable">Sub-properties only: may be used in filters and columns.</param>
/// <param name="Required">The brands that must be given it at create.</param>
/// <param name="Min">Least value of an integer.</param>
/// <param name="Max">Greatest value of an integer.</param>
public sealed record Property(
    string Name,
    PropertyType Type,
    Brands Brands,
    PropertyOps Ops,
    PropertyStatus Status,
    string? Default,
    PropertyStore? Store,
    string Meaning,
    ListColumn? Column = null,
    bool Filterable = false,
    Brands Required = Brands.None,
    long Min = 0,
    long Max = long.MaxValue)
{
    /// <summary><c>nics</c> of <c>nics.*.ip</c>; null for a top-level property.</summary>
    public string? Group => Name.IndexOf(".*.", StringComparison.Ordinal) is var at and > 0 ? Name[..at] : null;

    /// <summary><c>ip</c> of <c>nics.*.ip</c>; the name itself for a top-level property.</summary>
    public string Leaf => Name[(Name.LastIndexOf('.') + 1)..];
}
