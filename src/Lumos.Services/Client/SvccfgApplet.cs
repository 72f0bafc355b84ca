using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Manifest;
using Lumos.Services.Model;
using Lumos.Services.Repository;

namespace Lumos.Services.Client;

/// <summary>svccfg(8): the configuration of services.</summary>
public static class SvccfgApplet
{
    public const string UsageText = """
        Usage: svccfg import FILE...
               svccfg validate FILE...
               svccfg export SERVICE
               svccfg delete [-f] FMRI
               svccfg list [PATTERN]
               svccfg -s FMRI setprop GROUP/NAME = [TYPE:] VALUE
               svccfg -s FMRI delprop GROUP/NAME
               svccfg -s FMRI listprop [PATTERN]
               svccfg -s FMRI refresh
        """;

    public static int Run(AppletContext context) => Run(context, ServiceClient.For(context));

    public static int Run(AppletContext context, IServiceClient client)
    {
        try
        {
            var args = new ArgParser().Value('s').Flag('v').Value('f').StopAtFirstOperand().Parse(context.Args);
            if (args.Has('f') || args.Operands.Count == 0)
            {
                throw new UsageException("commands are given as words; svccfg has no interactive mode and no -f here");
            }
            var command = new Command(context, client, args.Get('s'));
            return command.Run(args.Operands[0], [.. args.Operands.Skip(1)]);
        }
        catch (UsageException e)
        {
            context.Error.WriteLine($"svccfg: {e.Message}");
            context.Error.WriteLine(UsageText);
            return ExitStatus.Usage;
        }
    }

    private sealed class Command(AppletContext context, IServiceClient client, string? selected)
    {
        internal int Run(string name, IReadOnlyList<string> words)
        {
            switch (name)
            {
                case "import":
                    return EachFile(words, (path, text) => client.Ask(new JsonObject { ["op"] = "import", ["source"] = path, ["text"] = text }));
                case "validate":
                    return EachFile(words, (path, text) => ManifestReader.Read(path, text));
                case "export":
                    Export(One(words, "service"));
                    break;
                case "delete":
                    var delete = new ArgParser().Flag('f').Parse(words).Expect(1, 1, "FMRI");
                    client.Ask(new JsonObject
                    {
                        ["op"] = "delete",
                        ["name"] = Resolve(delete.Operands[0]).ToString(),
                        ["force"] = delete.Has('f'),
                    });
                    break;
                case "list":
                    List(words);
                    break;
                case "setprop":
                    var expression = PropertyExpression.Parse(string.Join(' ', words));
                    client.Ask(new JsonObject
                    {
                        ["op"] = "setprop",
                        ["name"] = Selected().ToString(),
                        ["group"] = expression.Group,
                        ["property"] = expression.Name,
                        ["type"] = expression.Type,
                        ["values"] = new JsonArray([.. expression.Values.Select(v => JsonValue.Create(v))]),
                    });
                    break;
                case "delprop":
                    var (group, property) = PropertyExpression.ParseName(One(words, "property"));
                    client.Ask(new JsonObject { ["op"] = "delprop", ["name"] = Selected().ToString(), ["group"] = group, ["property"] = property });
                    break;
                case "listprop":
                    ListProperties(words.Count == 0 ? "*" : One(words, "pattern"));
                    break;
                case "refresh":
                    client.Ask(new JsonObject { ["op"] = "refresh", ["names"] = ServiceClientRequests.NamesOf([Selected()]) });
                    break;
                default:
                    throw new UsageException($"unknown command \"{name}\"");
            }
            return ExitStatus.Success;
        }

        private int EachFile(IReadOnlyList<string> paths, Action<string, string> act)
        {
            if (paths.Count == 0)
            {
                throw new UsageException("no manifest given");
            }
            bool failed = false;
            foreach (string path in paths)
            {
                try
                {
                    act(Path.GetFullPath(path), File.ReadAllText(path));
                }
                catch (Exception e) when (e is LumosException { Code: "InvalidManifest" or "InvalidProperty" } or IOException or UnauthorizedAccessException)
                {
                    failed = true;
                    context.Error.WriteLine($"svccfg: {LumosException.Describe(e)}");
                }
            }
            return failed ? ExitStatus.Failure : ExitStatus.Success;
        }

        private void Export(string word)
        {
            var service = Resolve(word).OfService;
            var common = Properties(service);
            var instances = client.Status().Where(i => i.Fmri.Service == service.Service)
                .ToDictionary(i => i.Fmri.Instance!, i => Difference(Properties(i.Fmri), common));
            context.Out.Write(ManifestWriter.Write(service.Service, common, instances));
        }

        /// <summary>What the instance says that its service does not.</summary>
        private static PropertyBag Difference(PropertyBag instance, PropertyBag service)
        {
            var left = instance;
            foreach (var (group, content) in instance.Groups)
            {
                foreach (var (name, property) in content.Properties)
                {
                    if (service[group]?.Properties.GetValueOrDefault(name) is { } same && same.Type == property.Type
                        && same.Values.SequenceEqual(property.Values))
                    {
                        left = left.Without(group, name);
                    }
                }
            }
            return left;
        }

        private void List(IReadOnlyList<string> words)
        {
            string pattern = words.Count == 0 ? "*" : words[0];
            foreach (string service in client.Status().Where(i => i.Fmri.Matches(pattern)).Select(i => i.Fmri.Service).Distinct())
            {
                context.Out.WriteLine(service);
            }
        }

        private void ListProperties(string pattern)
        {
            var rows = new List<(string Name, string Type, string Value)>();
            foreach (var (group, content) in Properties(Selected()).Groups)
            {
                if (Glob.IsMatch(pattern, group))
                {
                    rows.Add((group, content.Type, ""));
                }
                foreach (var (name, property) in content.Properties.Where(p => Glob.IsMatch(pattern, $"{group}/{p.Key}") || Glob.IsMatch(pattern, group)))
                {
                    rows.Add(($"{group}/{name}", property.Type, string.Join(' ', property.Values.Select(v => v.Contains(' ') ? $"\"{v}\"" : v))));
                }
            }
            int names = rows.Select(r => r.Name.Length).DefaultIfEmpty(0).Max(), types = rows.Select(r => r.Type.Length).DefaultIfEmpty(0).Max();
            foreach (var row in rows)
            {
                context.Out.WriteLine($"{row.Name.PadRight(names)}  {row.Type.PadRight(types)}  {row.Value}".TrimEnd());
            }
        }

        private PropertyBag Properties(Fmri fmri) => BagJson.Read(client.Ask(new JsonObject
        {
            ["op"] = "properties",
            ["name"] = fmri.ToString(),
            ["configured"] = true,
        })["groups"]!);

        private Fmri Selected() => Resolve(selected ?? throw new UsageException("no entity selected: give it with -s FMRI"));

        /// <summary>A service or an instance; svccfg tells them apart by the colon.</summary>
        private Fmri Resolve(string word)
        {
            var matches = client.Status().Select(i => i.Fmri).Where(f => f.Matches(word)).ToList();
            var services = matches.Select(f => f.OfService).Distinct().ToList();
            if (services.Count == 1 && !word.Replace("svc:", "").Contains(':'))
            {
                return services[0];
            }
            return matches.Count switch
            {
                1 => matches[0],
                0 => throw new LumosException("NotFound", $"Pattern '{word}' doesn't match any instances or services"),
                _ => throw new LumosException("Ambiguous", $"Pattern '{word}' matches multiple instances"),
            };
        }

        private static string One(IReadOnlyList<string> words, string what) => words.Count == 1
            ? words[0]
            : throw new UsageException($"one {what} is needed");
    }
}
