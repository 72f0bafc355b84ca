using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Model;
using Lumos.Services.Repository;

namespace Lumos.Services.Client;

/// <summary>svcprop(1): property values of instances.</summary>
public static class SvcpropApplet
{
    public const string UsageText = "Usage: svcprop [-cfqtv] [-p [name/]name]... {FMRI | pattern}...";

    public static int Run(AppletContext context) => Run(context, ServiceClient.For(context));

    public static int Run(AppletContext context, IServiceClient client)
    {
        try
        {
            var args = new ArgParser().Flag('c').Flag('C').Flag('a').Flag('f').Flag('q').Flag('t').Flag('v').Flag('w').Value('p').Value('s').Parse(context.Args);
            if (args.Has('w') || args.Has('s'))
            {
                throw new UsageException("-w and -s (snapshots) are not supported");
            }
            args.Expect(1, what: "FMRI");
            return Print(context, client, args);
        }
        catch (UsageException e)
        {
            context.Error.WriteLine($"svcprop: {e.Message}");
            context.Error.WriteLine(UsageText);
            return ExitStatus.Usage;
        }
    }

    /// <summary>A value as svcprop shows it: what a shell would part or eat is escaped; an empty one is "".</summary>
    public static string Quote(string value) => value.Length == 0
        ? "\"\""
        : string.Concat(value.Select(c => " \t\\\"'`;&|<>()*?[]#$".Contains(c) ? $"\\{c}" : c == '\n' ? "\\n" : c.ToString()));

    private static int Print(AppletContext context, IServiceClient client, ParsedArgs args)
    {
        bool failed = false;
        void Complain(string text)
        {
            failed = true;
            if (!args.Has('q'))
            {
                context.Error.WriteLine($"svcprop: {text}");
            }
        }
        var instances = Operands.Find(args.Operands, client.Status(), manyAllowed: true, Complain);
        var wanted = args.GetAll('p');
        bool whole = wanted.Count == 0 || wanted.Any(w => !w.Contains('/'));
        bool valuesOnly = !whole && wanted.Count == 1 && instances.Length == 1 && !args.Has('f') && !args.Has('t');
        foreach (var instance in instances)
        {
            var groups = BagJson.Read(client.Ask(new JsonObject
            {
                ["op"] = "properties",
                ["name"] = instance.Fmri.ToString(),
                ["configured"] = args.Has('c'),
            })["groups"]!);
            foreach (string word in wanted.Count == 0 ? groups.Groups.Keys : wanted)
            {
                int slash = word.IndexOf('/');
                string group = slash < 0 ? word : word[..slash];
                string? name = slash < 0 ? null : word[(slash + 1)..];
                var found = groups[group]?.Properties.Where(p => name is null || p.Key == name).ToList() ?? [];
                if (found.Count == 0 && (name is not null || groups[group] is null))
                {
                    Complain(name is null
                        ? $"Couldn't find property group `{group}' for instance `{instance.Fmri}'."
                        : $"Couldn't find property `{word}' for instance `{instance.Fmri}'.");
                }
                foreach (var (key, property) in args.Has('q') ? [] : found)
                {
                    string values = string.Join(' ', property.Values.Select(Quote));
                    string prefix = args.Has('f') ? $"{instance.Fmri}/:properties/" : "";
                    context.Out.WriteLine(valuesOnly ? values : $"{prefix}{group}/{key} {property.Type} {values}".TrimEnd());
                }
            }
        }
        return failed ? ExitStatus.Failure : ExitStatus.Success;
    }
}
