namespace Lumos.Zones;

/// <summary>What a zone's brand means for the way it is built and asked to stop. Unknown names are carried, not refused.</summary>
public sealed record ZoneBrand(string Name)
{
    public static ZoneBrand Joyent { get; } = new("joyent");

    public static ZoneBrand JoyentMinimal { get; } = new("joyent-minimal");

    public static ZoneBrand Builder { get; } = new("builder");

    public static ZoneBrand Lx { get; } = new("lx");

    /// <summary>The zone shares the platform's /usr and runs our services.</summary>
    public bool IsNative => Name is "joyent" or "joyent-minimal" or "builder";

    /// <summary>The zone brings a whole Linux distribution with its own init.</summary>
    public bool IsLx => Name is "lx";

    /// <summary>The zone wraps a hardware virtual machine.</summary>
    public bool IsHvm => Name is "kvm" or "bhyve";

    /// <summary>This release can boot it.</summary>
    public bool CanRun => IsNative || IsLx || IsHvm;

    /// <summary>Where the platform's own commands are seen inside the zone.</summary>
    public string PlatformPrefix => IsLx ? "/native" : "/usr";

    public override string ToString() => Name;
}
