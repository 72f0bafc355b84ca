using System.Collections.Immutable;
using System.Globalization;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>svcs's tables and its long form: text from values.</summary>
public static class SvcsReport
{
    public static void WriteTable(
        TextWriter output, IEnumerable<InstanceView> instances, IReadOnlyList<SvcsColumn> columns, bool header, bool processes,
        DateTimeOffset now, TimeZoneInfo zone)
    {
        var row = new SvcsRow(now, zone, columns.Any(c => c.Name is "NSTATE" or "NSTA" or "N" or "SN"));
        if (header)
        {
            output.WriteLine(Join(columns, c => c.Name, alignRight: false));
        }
        foreach (var instance in instances)
        {
            output.WriteLine(Join(columns, c => c.Text(instance, row), alignRight: true));
            foreach (var process in processes ? instance.Processes.OrderBy(p => p.Pid) : Enumerable.Empty<ProcessView>())
            {
                output.WriteLine($"               {SvcsColumns.Time(process.Started, row),-8} {process.Pid,8} {process.Command}");
            }
        }
    }

    /// <summary>svcs -l</summary>
    public static void WriteLong(TextWriter output, InstanceView instance, bool processes, TimeZoneInfo zone)
    {
        void Line(string label, string value) => output.WriteLine($"{label,-13}{value}".TrimEnd());
        Line("fmri", instance.Fmri.ToString());
        if (instance.Name != "?")
        {
            Line("name", instance.Name);
        }
        Line("enabled", (instance.Override ?? instance.Enabled ? "true" : "false") + (instance.Override is null ? "" : " (temporary)"));
        Line("state", instance.State.Text());
        Line("next_state", instance.Next.Text());
        Line("state_time", LongTime(instance.Since, zone));
        if (instance.Comment is not null)
        {
            Line("comment", instance.Comment);
        }
        Line("logfile", instance.Log);
        Line("restarter", "svc:/system/svc/restarter:default");
        Line("contract_id", instance.Contract?.ToString(CultureInfo.InvariantCulture) ?? "");
        Line("manifest", instance.Manifest);
        foreach (var dependency in instance.Dependencies)
        {
            Line("dependency", $"{dependency.Grouping}/{dependency.RestartOn} "
                + string.Join(' ', dependency.Targets.Select(t => $"{t.Fmri} ({t.State})")));
        }
        foreach (var process in processes ? instance.Processes.OrderBy(p => p.Pid) : Enumerable.Empty<ProcessView>())
        {
            Line("process", $"{process.Pid} {process.Arguments}");
        }
    }

    /// <summary>"Mon Feb 13 17:56:21 2006", local time, as the C locale has it.</summary>
    internal static string LongTime(DateTimeOffset time, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(time, zone);
        return string.Create(CultureInfo.InvariantCulture, $"{local:ddd MMM} {local.Day,2} {local:HH:mm:ss yyyy}");
    }

    private static string Join(IReadOnlyList<SvcsColumn> columns, Func<SvcsColumn, string> text, bool alignRight) =>
        string.Join(' ', columns.Select(c => alignRight && c.RightAligned ? text(c).PadLeft(c.Width) : text(c).PadRight(c.Width))).TrimEnd();
}
