using System.Collections.Frozen;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>What can be asked of a VM that changes its state.</summary>
public enum VmRequest
{
    Start,
    Stop,
    Reboot,
    Delete,
}

/// <summary>What a request comes to.</summary>
public enum Verdict
{
    /// <summary>It is carried out.</summary>
    Go,

    /// <summary>It is so already: a success.</summary>
    Already,

    Refused,
}

/// <summary>
/// The states of a VM and what may be asked in each, as SmartOS has them. Where a state is vmadm's own (provisioning,
/// failed) the zone below may be up or not, and a stop goes by that. More than SmartOS allows: start of a zone that is down
/// (its init has ended and it is not cleared away yet, or waits for its restart), reboot -F of one that did not go down when
/// asked, start --clear-failed. The state <c>stopping</c> is of hardware VMs; an OS VM that stops is shutting_down.
/// </summary>
public static class Transitions
{
    private const Verdict Go = Verdict.Go, Already = Verdict.Already, Refused = Verdict.Refused;

    // state, zone below        start    stop     reboot   reboot -F  delete
    private static readonly Row[] Rows =
    [
        new("configured",    null,  Refused, Already, Refused, Refused, Go),
        new("incomplete",    null,  Refused, Already, Refused, Refused, Go),
        new("receiving",     null,  Refused, Already, Refused, Refused, Go),
        new("stopped",       null,  Go,      Already, Refused, Refused, Go),
        new("ready",         null,  Go,      Go,      Refused, Refused, Go),
        new("mounted",       null,  Refused, Go,      Refused, Refused, Go),
        new("running",       null,  Already, Go,      Go,      Go,      Go),
        new("shutting_down", null,  Refused, Go,      Refused, Go,      Go),
        new("stopping",      null,  Refused, Go,      Refused, Go,      Go),
        new("down",          null,  Go,      Go,      Refused, Refused, Go),
        new("provisioning",  false, Go,      Already, Refused, Refused, Go),
        new("provisioning",  true,  Refused, Go,      Refused, Refused, Go),
        new("failed",        false, Refused, Already, Refused, Refused, Go),
        new("failed",        true,  Refused, Go,      Refused, Refused, Go),
    ];

    private static readonly FrozenDictionary<(string, bool), Row> ByState = Rows
        .SelectMany(row => row.ZoneIsUp is { } up ? [(Key: (row.State, up), Row: row)] : new[] { (Key: (row.State, false), Row: row), (Key: (row.State, true), Row: row) })
        .ToFrozenDictionary(pair => pair.Key, pair => pair.Row);

    /// <summary>All states that vmadm shows.</summary>
    public static IEnumerable<string> States { get; } = [.. Rows.Select(row => row.State).Distinct()];

    /// <param name="request">What is asked.</param>
    /// <param name="state">As vmadm shows it.</param>
    /// <param name="zone">The raw state below.</param>
    /// <param name="force">The request has -F.</param>
    public static Verdict Of(VmRequest request, string state, ZoneState zone, bool force = false)
    {
        var row = ByState[(state, zone.CanHalt)];
        return request switch
        {
            VmRequest.Start => row.Start,
            VmRequest.Stop => row.Stop,
            VmRequest.Reboot => force ? row.RebootByForce : row.Reboot,
            _ => row.Delete,
        };
    }

    /// <summary>What SmartOS says of a request that a state does not allow.</summary>
    public static string Refusal(VmRequest request, string state) => request == VmRequest.Start
        ? $"Cannot start vm from state \"{state}\", must be \"stopped\"."
        : $"Cannot reboot vm from state \"{state}\", must be \"running\"";

    private sealed record Row(string State, bool? ZoneIsUp, Verdict Start, Verdict Stop, Verdict Reboot, Verdict RebootByForce, Verdict Delete);
}
