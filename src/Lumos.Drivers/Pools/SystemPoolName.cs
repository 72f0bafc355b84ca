using Lumos.Drivers.Files;

namespace Lumos.Drivers.Pools;

/// <summary>
/// The pool where VMs and images go when nobody says. It is nearly always <see cref="Usual"/>; a machine may have been set up on another,
/// and a hosted global zone's pool on ZFS bears a name of its own, since names of pools are the whole host's. Whoever brings the system's
/// file systems up (svc:/system/filesystem/smartdc) keeps the name for everybody else.
/// </summary>
public static class SystemPoolName
{
    /// <summary>SmartOS's.</summary>
    public const string Usual = "zones";

    /// <summary>Holds the name; of this boot only.</summary>
    public const string Path = "/run/lumos/system-pool";

    public static string Read(string file = Path) => File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } name ? name : Usual;

    public static void Keep(string name, string file = Path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        AtomicFile.Write(file, name + "\n");
    }
}
