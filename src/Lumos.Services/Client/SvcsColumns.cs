using System.Globalization;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>A column of svcs: its name, its width, what it shows, and what it sorts by.</summary>
public sealed record SvcsColumn(
    string Name, int Width, string Description, Func<InstanceView, SvcsRow, string> Text, Func<InstanceView, IComparable> Key)
{
    public bool RightAligned { get; init; }
}

/// <summary>What a row's text depends on besides its instance.</summary>
public sealed record SvcsRow(DateTimeOffset Now, TimeZoneInfo Zone, bool NextShown);

public static class SvcsColumns
{
    public static readonly IReadOnlyList<SvcsColumn> All =
    [
        new("CTID", 6, "contract ID for service", (i, _) => i.Contract?.ToString(CultureInfo.InvariantCulture) ?? "-", i => i.Contract ?? 0) { RightAligned = true },
        new("DESC", 100, "human-readable description of the service", (i, _) => i.Name == "?" ? "-" : i.Name, i => i.Name),
        new("FMRI", 50, "Fault Managed Resource Identifier for service", (i, _) => i.Fmri.ToString(), i => i.Fmri.ToString()),
        new("INST", 20, "portion of the FMRI indicating service instance", (i, _) => i.Fmri.Instance!, i => i.Fmri.Instance!),
        new("N", 1, "abbreviation for next state (if in transition)", (i, _) => Letter(i.Next), i => Rank(i.Next)),
        new("NSTA", 4, "abbreviation for next state (if in transition)", (i, _) => Abbreviation(i.Next), i => Rank(i.Next)),
        new("NSTATE", 13, "name for next state (if in transition)", (i, _) => i.Next == ServiceState.None ? "-" : i.Next.Text(), i => Rank(i.Next)),
        new("S", 2, "abbreviation for current state", (i, r) => Letter(i.State) + Star(i, r), i => Rank(i.State)),
        new("SCOPE", 20, "name for scope associated with service", (_, _) => "localhost", _ => ""),
        new("SN", 2, "abbreviation for current state and next state", (i, _) => Letter(i.State) + Letter(i.Next), i => Rank(i.State)),
        new("SVC", 20, "portion of the FMRI representing service name", (i, _) => i.Fmri.Service, i => i.Fmri.Service),
        new("STA", 4, "abbreviation for current state", (i, r) => Abbreviation(i.State) + Star(i, r), i => Rank(i.State)),
        new("STATE", 14, "name for current state", (i, r) => i.State.Text() + Star(i, r), i => Rank(i.State)),
        new("STIME", 8, "time of last state change", (i, r) => Time(i.Since, r), i => i.Since),
        new("ZONE", 16, "name of zone", (_, _) => Environment.MachineName, _ => ""),
    ];

    public static SvcsColumn Find(string name) =>
        All.FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new UsageException($"Unknown column \"{name}\".");

    /// <summary>The time of day within a day, the date within a year, the year before that.</summary>
    public static string Time(DateTimeOffset time, SvcsRow row)
    {
        var local = TimeZoneInfo.ConvertTime(time, row.Zone);
        var age = row.Now - time;
        return age < TimeSpan.FromDays(1) ? string.Create(CultureInfo.InvariantCulture, $"{local.Hour,2}:{local:mm:ss}")
            : age < TimeSpan.FromDays(360) ? local.ToString("MMM_dd  ", CultureInfo.InvariantCulture)
            : local.ToString("yyyy    ", CultureInfo.InvariantCulture);
    }

    private static string Star(InstanceView instance, SvcsRow row) =>
        instance.Next != ServiceState.None && !row.NextShown ? "*" : "";

    /// <summary>From the least to the most interesting.</summary>
    private static int Rank(ServiceState state) => state switch
    {
        ServiceState.Disabled => 1,
        ServiceState.Online => 2,
        ServiceState.Degraded => 3,
        ServiceState.Offline => 4,
        ServiceState.Maintenance => 5,
        ServiceState.Uninitialized => 6,
        _ => 7,
    };

    private static string Letter(ServiceState state) => state switch
    {
        ServiceState.None => "-",
        ServiceState.Uninitialized => "u",
        ServiceState.Offline => "0",
        ServiceState.Online => "1",
        ServiceState.Maintenance => "m",
        ServiceState.Disabled => "d",
        ServiceState.Degraded => "D",
        _ => "?",
    };

    private static string Abbreviation(ServiceState state) => state switch
    {
        ServiceState.None => "-",
        ServiceState.Uninitialized => "UN",
        ServiceState.Offline => "OFF",
        ServiceState.Online => "ON",
        ServiceState.Maintenance => "MNT",
        ServiceState.Disabled => "DIS",
        ServiceState.Degraded => "DGD",
        _ => "?",
    };
}
