using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Oci;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm sources: list, add, delete, check.</summary>
internal sealed class SourcesVerb(ImgadmCommand command)
{
    private readonly TextWriter _out = command.Context.Out;

    public int Run(IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('j', "json").Flag('v', "verbose").Flag('c', "check").Flag('e', "edit").Flag('k', "insecure")
            .Flag('f', "force").Value('a', "add-source").Value('d', "del-source").Value('t', "type").Value("key-file").Flag("add-docker-hub")
            .Parse(words).Expect(0, 0);
        var config = ImgadmConfig.Load(command.Store.Paths);
        if (args.Has('e'))
        {
            return Edit(config);
        }
        if (args.Has('a') || args.Has('d') || args.Has("add-docker-hub"))
        {
            foreach (string url in args.GetAll('d'))
            {
                config = Delete(config, url);
            }
            foreach (string url in args.GetAll('a'))
            {
                config = Add(config, ImageSource.Parse(url, args.Get('t'), args.Has('k')) with { KeyFile = KeyFile(args.Get("key-file")) }, args.Has('f'));
            }
            if (args.Has("add-docker-hub"))
            {
                Add(config, ImageSource.DockerHub with { Insecure = args.Has('k') }, args.Has('f'));
            }
            return ExitStatus.Success;
        }
        if (args.Has('c'))
        {
            return Check(config, args.Has('j'));
        }
        if (args.Has('j'))
        {
            _out.WriteLine(JsonPath.Pretty(new JsonArray([.. config.Sources.Select(s => (JsonNode)s.ToJson())])));
        }
        else if (args.Has('v'))
        {
            ImageTable.Write(_out, config.Sources.Select(s => s.ToJson()), "url,type,insecure", header: true);
        }
        else
        {
            foreach (var source in config.Sources)
            {
                _out.WriteLine(source.Url);
            }
        }
        return ExitStatus.Success;
    }

    private int Edit(ImgadmConfig config)
    {
        var edited = SourcesEditor.Edit(command.Context, config);
        if (edited.SequenceEqual(config.Sources))
        {
            _out.WriteLine("No change to the image sources");
            return ExitStatus.Success;
        }
        _ = config.Save(edited);
        _out.WriteLine($"Saved {edited.Count} image sources");
        return ExitStatus.Success;
    }

    private static string? KeyFile(string? path)
    {
        if (path is null)
        {
            return null;
        }
        _ = SourceKey.Read(path);
        return Path.GetFullPath(path);
    }

    private ImgadmConfig Add(ImgadmConfig config, ImageSource source, bool force)
    {
        if (config.Sources.Any(s => s.Url == source.Url))
        {
            _out.WriteLine($"Already have image source \"{source.Url}\", no change");
            return config;
        }
        if (!force)
        {
            Ping(source, config);
        }
        config = config.Save([.. config.Sources, source]);
        _out.WriteLine($"Added image source \"{source.Url}\"");
        return config;
    }

    private void Ping(ImageSource source, ImgadmConfig config)
    {
        if (source.Type == ImageSource.Docker)
        {
            using var registry = OciSources.Registry(source, command.FetchOptions(config), command.Store.Paths, command.Warn);
            registry.Ping();
            return;
        }
        using var client = new ImgapiClient(source, command.FetchOptions(config));
        client.Ping();
    }

    private ImgadmConfig Delete(ImgadmConfig config, string url)
    {
        string wanted = url.TrimEnd('/');
        if (config.Sources.All(s => s.Url.TrimEnd('/') != wanted))
        {
            _out.WriteLine($"Do not have image source \"{url}\", no change");
            return config;
        }
        config = config.Save([.. config.Sources.Where(s => s.Url.TrimEnd('/') != wanted)]);
        _out.WriteLine($"Deleted image source \"{url}\"");
        return config;
    }

    private int Check(ImgadmConfig config, bool json)
    {
        var rows = new List<JsonObject>();
        foreach (var source in config.Sources)
        {
            var row = source.ToJson();
            try
            {
                Ping(source, config);
                row["ok"] = true;
            }
            catch (LumosException e)
            {
                row["ok"] = false;
                row["error"] = LumosException.Describe(e);
            }
            rows.Add(row);
        }
        if (json)
        {
            _out.WriteLine(JsonPath.Pretty(new JsonArray([.. rows])));
        }
        else
        {
            ImageTable.Write(_out, rows, "url,type,ok,error", header: true);
        }
        return ExitStatus.Success;
    }
}
