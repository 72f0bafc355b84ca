using System.Collections.Immutable;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>svcs(1): what services there are and how they are.</summary>
public static class SvcsApplet
{
    public const string UsageText = """
        Usage: svcs [-aHpv] [-o col[,col ... ]] [-sS col] [<service> ...]
               svcs -d | -D [-Hpv] [-o col[,col ... ]] [-sS col] [<service> ...]
               svcs [-l | -L] [-p] <service> ...
               svcs -x [-v] [<service> ...]
               svcs -?
        """;

    public static int Run(AppletContext context) => Run(context, ServiceClient.For(context), DateTimeOffset.UtcNow, TimeZoneInfo.Local);

    public static int Run(AppletContext context, IServiceClient client, DateTimeOffset now, TimeZoneInfo zone)
    {
        ParsedArgs args;
        try
        {
            args = new ArgParser().Flag('a').Flag('d').Flag('D').Flag('H').Flag('l').Flag('L').Flag('p').Flag('v').Flag('x').Flag('?')
                .Value('o').Value('s').Value('S').Value('R').Value('z').Flag('Z').Parse(context.Args);
            if (args.Has('?'))
            {
                WriteHelp(context.Out);
                return ExitStatus.Success;
            }
            if (args.Has('z') || args.Has('Z'))
            {
                throw new UsageException("-z and -Z are not supported yet; use zlogin ZONE svcs");
            }
            if (new[] { 'd', 'D', 'l', 'L', 'x' }.Count(args.Has) > 1)
            {
                throw new UsageException("of -d, -D, -l, -L and -x only one can be given");
            }
            if ((args.Has('l') || args.Has('L')) && args.Operands.Count == 0)
            {
                throw new UsageException($"-{(args.Has('l') ? 'l' : 'L')} needs a service");
            }
            return Report(context, client, args, now, zone);
        }
        catch (UsageException e)
        {
            context.Error.WriteLine($"svcs: {e.Message}");
            context.Error.WriteLine(UsageText);
            return ExitStatus.Usage;
        }
    }

    private static int Report(AppletContext context, IServiceClient client, ParsedArgs args, DateTimeOffset now, TimeZoneInfo zone)
    {
        var all = client.Status(args.Has('p'));
        bool failed = false;
        ImmutableArray<InstanceView> Named() => Operands.Find(args.Operands, all, manyAllowed: true, complaint =>
        {
            context.Error.WriteLine($"svcs: {complaint}");
            failed = true;
        });

        if (args.Has('L'))
        {
            foreach (var instance in Named())
            {
                context.Out.WriteLine(instance.Log);
            }
        }
        else if (args.Has('l'))
        {
            foreach (var (index, instance) in Named().Index())
            {
                if (index > 0)
                {
                    context.Out.WriteLine();
                }
                SvcsReport.WriteLong(context.Out, instance, args.Has('p'), zone);
            }
        }
        else if (args.Has('x'))
        {
            var explanation = new Explanation(all, zone);
            foreach (var (index, instance) in (args.Operands.Count > 0 ? Named() : explanation.Problems()).Index())
            {
                if (index > 0)
                {
                    context.Out.WriteLine();
                }
                explanation.Write(context.Out, instance, args.Has('v'));
            }
        }
        else
        {
            var rows = Rows(args, all, args.Operands.Count > 0 || args.Has('d') || args.Has('D') ? Named() : null);
            var columns = args.GetAll('o').SelectMany(o => o.Split(',')).Select(SvcsColumns.Find).ToList();
            if (columns.Count == 0)
            {
                string[] names = args.Has('v') ? ["STATE", "NSTATE", "STIME", "CTID", "FMRI"] : ["STATE", "STIME", "FMRI"];
                columns = [.. names.Select(SvcsColumns.Find)];
            }
            SvcsReport.WriteTable(context.Out, Sort(args, rows), columns, !args.Has('H'), args.Has('p'), now, zone);
        }
        return failed ? ExitStatus.Failure : ExitStatus.Success;
    }

    private static IEnumerable<InstanceView> Rows(ParsedArgs args, ImmutableArray<InstanceView> all, ImmutableArray<InstanceView>? named)
    {
        if (args.Get('R') is { } restarter && !Fmri.Parse("svc:/system/svc/restarter:default").Matches(restarter))
        {
            return [];
        }
        if (args.Has('d'))
        {
            var targets = named!.Value.SelectMany(i => i.Dependencies).SelectMany(d => d.Targets).SelectMany(t => t.Instances).ToHashSet();
            return all.Where(i => targets.Contains(i.Fmri.ToString()));
        }
        if (args.Has('D'))
        {
            var names = named!.Value.Select(i => i.Fmri.ToString()).ToHashSet();
            return all.Where(i => i.Dependencies.Any(d => d.Targets.Any(t => t.Instances.Any(names.Contains))));
        }
        return named ?? all.Where(i => args.Has('a') || i.Enabled || i.Override == true);
    }

    private static IEnumerable<InstanceView> Sort(ParsedArgs args, IEnumerable<InstanceView> rows)
    {
        var keys = args.GetAll('s').Select(c => (Column: SvcsColumns.Find(c), Descending: false))
            .Concat(args.GetAll('S').Select(c => (Column: SvcsColumns.Find(c), Descending: true))).ToList();
        if (keys.Count == 0)
        {
            keys = [.. new[] { "STATE", "STIME", "FMRI" }.Select(c => (SvcsColumns.Find(c), false))];
        }
        var sorted = rows.OrderBy(_ => 0);
        return keys.Aggregate(sorted, (s, key) => key.Descending ? s.ThenByDescending(key.Column.Key) : s.ThenBy(key.Column.Key));
    }

    private static void WriteHelp(TextWriter output)
    {
        output.WriteLine(UsageText);
        output.WriteLine("""

            	-a  list all service instances rather than only those that are enabled
            	-d  list dependencies of the specified service(s)
            	-D  list dependents of the specified service(s)
            	-H  omit header line from output
            	-l  list detailed information about the specified service(s)
            	-L  list the log file associated with the specified service(s)
            	-o  list only the specified columns in the output
            	-p  list process IDs and names associated with each service
            	-R  list only those services with the specified restarter
            	-s  sort output in ascending order by the specified column(s)
            	-S  sort output in descending order by the specified column(s)
            	-v  list verbose information appropriate to the type of output
            	-x  explain the status of services that might require maintenance,
            	    or explain the status of the specified service(s)

            	Columns for output or sorting can be specified using these names:

            """);
        foreach (var column in SvcsColumns.All)
        {
            output.WriteLine($"\t{column.Name,-6}  {column.Description}");
        }
    }
}
