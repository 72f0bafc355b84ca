namespace Lumos.JsonTool;

internal static class JsonHelp
{
    internal const string Text = """
        Usage: SOMETHING | json [OPTIONS] [LOOKUPS...]
               json -f FILE [OPTIONS] [LOOKUPS...]

        Reads JSON, looks into it, changes it, prints it. A lookup is a path such as
        nics.0.ip, nics.-1.mac or 'tags["a.b"]'. The steps, in their order:

          -f FILE             read this file (again: several; - is standard input)
          -H                  drop headers of HTTP before the JSON (else they are printed)
          -g, --group         adjacent objects become a list, adjacent lists one list
          --merge             adjacent objects become one; what comes later wins
          --deep-merge        the same for the objects inside them
          -M, --items         an object becomes a list of {"key": …, "value": …}
          -n, --validate      only check the input
          -e CODE             run JavaScript on each element of a list, or the object: this
          -c CODE             keep that for which this JavaScript is true
          -A                  run code on a list as a whole
          -k, --keys          the names of the members
          -D CHARACTER        what separates the steps of a lookup (.)
          -a, --array         a line for each element, a column for each lookup
          -d DELIMITER        what separates columns (a space; escapes of JSON)
          -o, --output MODE   jsony (JSON, a single string bare), json, inspect; json and
                              jsony with -N or -tab for the indent
          -j, -i              -o json, -o inspect
          -0, -2, -4          this indent
          -I, --in-place      write the result back to the file of -f
          -q, --quiet         say nothing about input that is not JSON
          -h, --help; --version

        json -ga works on each object of a stream as it comes. See json(1).

        """;
}
