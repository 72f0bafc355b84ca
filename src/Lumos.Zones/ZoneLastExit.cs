using System.Globalization;
using Lumos.Drivers.Files;

namespace Lumos.Zones;

/// <summary>
/// ZONEPATH/lastexited: how the zone's init last ended. A line of two numbers, as SmartOS writes it: seconds since 1970 with a
/// fraction, and the status as wait(2) has it (a status times 256, or a signal; -1 for an orderly end). It lies beside the zone's
/// root, not in it, is written when the zone is cleared away and removed when somebody boots it again.
/// </summary>
public static class ZoneLastExit
{
    private const string FileName = "lastexited";

    private const int Orderly = -1;

    /// <summary>Null: it has not ended since it was last booted, or what stands there is none of ours.</summary>
    public static ZoneExit? TryRead(string zonePath)
    {
        string file = Path.Combine(zonePath, FileName);
        if (!File.Exists(file)) // that of most zones: an exception for each would be felt
        {
            return null;
        }
        string[] words;
        try
        {
            words = File.ReadAllText(file).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return null;
        }
        return words is [var time, var status]
            && decimal.TryParse(time, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds < 253402300800
            && int.TryParse(status, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int wait)
            ? new ZoneExit(FromWait(wait), DateTimeOffset.UnixEpoch.AddMilliseconds((long)(seconds * 1000)))
            : null;
    }

    /// <exception cref="IOException">The dataset is full or read-only.</exception>
    public static void Write(string zonePath, ZoneExit exit) => AtomicFile.Write(Path.Combine(zonePath, FileName), string.Create(CultureInfo.InvariantCulture,
        $"{exit.Time.ToUnixTimeMilliseconds() / 1000}.{exit.Time.ToUnixTimeMilliseconds() % 1000:000} {ToWait(exit)}\n"));

    /// <summary>One that is not there is no error.</summary>
    public static void Remove(string zonePath) => AtomicFile.Remove(Path.Combine(zonePath, FileName));

    private static int ToWait(ZoneExit exit) => !exit.IsCrash ? Orderly : exit.Status > 128 ? exit.Status - 128 : exit.Status << 8;

    private static int FromWait(int wait) => wait == Orderly ? 0 : (wait & 0xff) == 0 ? wait >> 8 : 128 + (wait & 0x7f);
}
