using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Services.Methods;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>
/// svcs -x: why an instance is as it is. The causes of an instance that waits are followed down its dependencies to those that
/// wait for nobody; its impact is everything above it that is meant to run and does not.
/// </summary>
public sealed class Explanation(ImmutableArray<InstanceView> all, TimeZoneInfo zone)
{
    private readonly Dictionary<string, InstanceView> _byName = all.ToDictionary(i => i.Fmri.ToString());

    /// <summary>The instances that svcs -x without operands speaks of: what keeps something from running, the worst first.</summary>
    public ImmutableArray<InstanceView> Problems() =>
        [.. all.Where(i => IsWanted(i) && !i.State.IsRunning()).SelectMany(RootCauses).DistinctBy(i => i.Fmri)
            .OrderByDescending(i => Impact(i).Length).ThenBy(i => i.Fmri.ToString(), StringComparer.Ordinal)];

    public void Write(TextWriter output, InstanceView instance, bool verbose)
    {
        output.WriteLine($"{instance.Fmri} ({instance.Name})");
        output.WriteLine($" State: {instance.State.Text()} since {SvcsReport.LongTime(instance.Since, zone)}");
        WriteReason(output, instance, verbose);
        foreach (string page in instance.ManPages)
        {
            int open = page.IndexOf('(');
            output.WriteLine(verbose
                ? $"   See: man -M /usr/share/man -s {page[(open + 1)..^1]} {page[..open]}"
                : $"   See: {page}");
        }
        output.WriteLine($"   See: {instance.Log}");
        var impact = Impact(instance);
        output.WriteLine(impact.Length switch
        {
            0 when instance.State.IsRunning() => "Impact: None.",
            0 => "Impact: This service is not running.",
            1 => "Impact: 1 dependent service is not running" + (verbose ? ":" : ".  (Use -v for list.)"),
            var n => $"Impact: {n} dependent services are not running" + (verbose ? ":" : ".  (Use -v for list.)"),
        });
        foreach (var dependent in verbose ? impact : [])
        {
            output.WriteLine($"        {dependent.Fmri}");
        }
    }

    private void WriteReason(TextWriter output, InstanceView instance, bool verbose)
    {
        switch (instance.State)
        {
            case ServiceState.Online:
                break;
            case ServiceState.Uninitialized:
                output.WriteLine("Reason: Restarter svc:/system/svc/restarter:default has not initialized service state.");
                break;
            case ServiceState.Disabled:
                output.WriteLine(instance.Override == false
                    ? "Reason: Temporarily disabled by an administrator."
                    : "Reason: Disabled by an administrator.");
                if (instance.Comment is not null)
                {
                    output.WriteLine($"        {instance.Comment}");
                }
                break;
            case ServiceState.Degraded:
                output.WriteLine("Reason: Degraded by an administrator.");
                break;
            case ServiceState.Maintenance:
                output.WriteLine($"Reason: {MaintenanceReason(instance)}");
                break;
            case ServiceState.Offline when instance.Next == ServiceState.Online:
                output.WriteLine("Reason: Start method is running.");
                break;
            case ServiceState.Offline when instance.Next != ServiceState.None:
                output.WriteLine($"Reason: Transitioning to state {instance.Next.Text()}.");
                break;
            default:
                WriteDependencyReasons(output, instance, verbose);
                break;
        }
    }

    private static string MaintenanceReason(InstanceView instance) => instance.Auxiliary switch
    {
        "administrative_request" => "Maintenance requested by an administrator.",
        "dependency_cycle" => $"Completes a dependency cycle{(instance.Reason is { } cycle ? " (" + cycle[(cycle.IndexOf(':') + 2)..] + ")" : "")}.",
        "restarting_too_quickly" => "Restarting too quickly.",
        "fault_threshold_reached" when instance.StartStatus is { } status and not 0 => $"Start method failed repeatedly, last {Describe(status)}.",
        "fault_threshold_reached" => "Method failed repeatedly.",
        "method_failed" when instance.StartStatus is { } status and not 0 => $"Start method {Describe(status)}.",
        "method_failed" => "Method failed.",
        _ => "Unknown.",
    };

    private static string Describe(int status) => status switch
    {
        96 => "exited with $SMF_EXIT_ERR_CONFIG",
        95 => "exited with $SMF_EXIT_ERR_FATAL",
        > 128 => $"died on signal {BuiltInMethod.SignalName(status - 128)} ({status - 128})",
        _ => $"exited with status {status}",
    };

    private void WriteDependencyReasons(TextWriter output, InstanceView instance, bool verbose)
    {
        bool found = false;
        foreach (var target in instance.Dependencies.Where(d => d.Satisfaction != "Satisfied" && d.Grouping != "exclude_all")
            .SelectMany(d => d.Targets).Where(t => t.State == "absent"))
        {
            output.WriteLine($"Reason: Dependency {target.Fmri} is absent.");
            found = true;
        }
        foreach (var path in PathsToCauses(instance, []).DistinctBy(p => p[^1].Fmri))
        {
            var cause = path[^1];
            if (cause.Fmri == instance.Fmri)
            {
                continue;
            }
            found = true;
            string line = $"Reason: Service {cause.Fmri} {Summary(cause)}";
            output.WriteLine(line.Length <= 80 ? line : $"Reason: Service {cause.Fmri}\n        {Summary(cause)}");
            if (verbose)
            {
                for (int i = 0; i < path.Count; i++)
                {
                    output.WriteLine(i == 0 ? $"  Path: {path[i].Fmri}" : $"        {new string(' ', i * 2)}{path[i].Fmri}");
                }
            }
        }
        if (!found)
        {
            output.WriteLine("Reason: Unknown.");
        }
    }

    private static string Summary(InstanceView instance) => instance.State switch
    {
        ServiceState.Online or ServiceState.Degraded => "is running.",
        ServiceState.Uninitialized => "is uninitialized.",
        ServiceState.Disabled => instance.Override == false ? "is temporarily disabled." : "is disabled.",
        ServiceState.Offline when instance.Next == ServiceState.Online => "is starting.",
        ServiceState.Offline when instance.Satisfaction == "Unsatisfiable" => "has missing dependencies.",
        ServiceState.Offline => "is offline.",
        _ => instance.Auxiliary switch
        {
            "administrative_request" => "was taken down for maintenance by an administrator.",
            "dependency_cycle" => "completed a dependency cycle.",
            "fault_threshold_reached" => "is not running because a method failed repeatedly.",
            "method_failed" => "is not running because a method failed.",
            "restarting_too_quickly" => "was restarting too quickly.",
            _ => "requires maintenance.",
        },
    };

    private IEnumerable<InstanceView> RootCauses(InstanceView instance) => PathsToCauses(instance, []).Select(p => p[^1]);

    /// <summary>The ways down to those that nobody else keeps from running; the instance itself when it is one.</summary>
    private List<List<InstanceView>> PathsToCauses(InstanceView instance, HashSet<Fmri> seen)
    {
        var paths = new List<List<InstanceView>>();
        if (seen.Add(instance.Fmri) && instance is { State: ServiceState.Offline, Next: ServiceState.None })
        {
            foreach (var dependency in instance.Dependencies.Where(d => d.Satisfaction != "Satisfied"))
            {
                foreach (var below in dependency.Targets.SelectMany(t => t.Instances).Select(n => _byName.GetValueOrDefault(n)).OfType<InstanceView>())
                {
                    if (dependency.Grouping == "exclude_all" ? below.State != ServiceState.Disabled : !below.State.IsRunning())
                    {
                        paths.AddRange(PathsToCauses(below, seen).Select(p => p.Prepend(instance).ToList()));
                    }
                }
            }
        }
        return paths.Count > 0 ? paths : [[instance]];
    }

    private InstanceView[] Impact(InstanceView instance)
    {
        var found = new HashSet<Fmri>();
        void Walk(InstanceView at)
        {
            foreach (var above in all.Where(i => IsWanted(i) && !i.State.IsRunning() && i.Dependencies.Any(d => d.Satisfaction != "Satisfied"
                && d.Targets.Any(t => t.Instances.Contains(at.Fmri.ToString())))))
            {
                if (above.Fmri != instance.Fmri && found.Add(above.Fmri))
                {
                    Walk(above);
                }
            }
        }
        Walk(instance);
        return [.. found.Sorted().Select(f => _byName[f.ToString()])];
    }

    private static bool IsWanted(InstanceView instance) => instance.Override ?? instance.Enabled;
}
